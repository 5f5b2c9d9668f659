//! The sockets of the program.

use super::*;

/// The TCP ports and other sockets on which a process listens.
#[cfg(target_os = "linux")]
fn listening(process: u32) -> Vec<String> {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let links = descriptors.filter_map(|descriptor| std::fs::read_link(descriptor.unwrap().path()).ok());
    let own: Vec<String> = links
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut found = Vec::new();
    for (table, state, listens, inode) in
        [("tcp", 3, "0A", 9), ("tcp6", 3, "0A", 9), ("unix", 3, "00010000", 6)]
    {
        let text = std::fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.get(state) == Some(&listens)
                && own.iter().any(|own| fields.get(inode) == Some(&own.as_str()))
            {
                found.push(format!("{table} {}", fields[1]));
            }
        }
    }
    found
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_with_a_table_file_listens_only_for_its_page() {
    let (root, file) = table();
    for (arguments, marker) in [
        (vec!["serve", "--port", "0", "--local", text(&file)], "http://"),
        (vec!["simulate", "--port", "0", "--table-file", text(&file)], "export AWS_ENDPOINT_URL="),
    ] {
        let mut child = command(&arguments);
        let mut child =
            child.stdout(Stdio::piped()).stderr(Stdio::null()).current_dir(&root).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.take(10).find(|line| line.contains(marker)).unwrap();
        let port: u16 = line.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        // A request that uses the database.
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let request =
            format!("GET /api/insights HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        stream.read_to_string(&mut String::new()).unwrap();
        // 127.0.0.1 in the format of the kernel.
        let found = listening(child.id());
        end(&mut child);
        assert_eq!(found, [format!("tcp 0100007F:{port:04X}")], "{arguments:?}");
    }
}

#[test]
fn only_the_page_the_simulator_and_the_runtime_api_open_listeners() {
    let mut found = Vec::new();
    let folders = ["src", "../query/src", "../web/src", "../simulator/src", "../shared/src"];
    let mut folders: Vec<String> = folders.map(str::to_owned).into();
    while let Some(folder) = folders.pop() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder);
        for entry in std::fs::read_dir(path).unwrap().map(Result::unwrap) {
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                folders.push(name);
                continue;
            }
            if name.ends_with("tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            // Tests are at the end of a file and may listen.
            let text = text.split("#[cfg(test)]").next().unwrap();
            if ["TcpListener::bind", "UnixListener::bind", "TcpSocket::new", "dynoxide::server"]
                .iter()
                .any(|call| text.contains(call))
            {
                found.push(name);
            }
        }
    }
    found.sort();
    assert_eq!(found, ["../simulator/src/runtime_api.rs", "../simulator/src/simulator.rs", "src/serve.rs"]);
}
