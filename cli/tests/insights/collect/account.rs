//! The credentials of `collect`, and the messages if there are none.

use super::collect;
use crate::support::story::Story;
use crate::support::{Run, finish};
use insights_tests::STORY;
use std::path::Path;
use std::process::Command;

/// An access key of temporary credentials, which the simulator accepts only with the session token.
const STOLEN: &str = "ASIASIM123456789012X";

/// A home directory with this AWS configuration.
fn home(configuration: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/config"), configuration).unwrap();
    home
}

/// A run over X-Ray with this home directory, without credentials and region in the environment.
fn at_home(story: &Story, home: &Path, arguments: &[&str]) -> Command {
    let mut command = collect(story, &[&["--source", "xray"], arguments].concat());
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
        command.env_remove(name);
    }
    command.env("HOME", home);
    command
}

#[track_caller]
fn refused(run: &Run, code: i32, expected: &[&str]) {
    assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{run:?}");
    for text in expected {
        assert!(run.stderr.contains(text), "{text} is missing: {}", run.stderr);
    }
}

#[test]
fn a_profile_provides_credentials_and_region_and_overrides_the_environment() {
    let story = Story::with_scenario(STORY);
    let home = home(
        "[profile audit]\nregion = eu-west-1\naws_access_key_id = AKIAAUDIT\naws_secret_access_key = secret\n",
    );
    let mut command = at_home(&story, home.path(), &["--profile", "audit"]);
    let run = finish(command.env("AWS_ACCESS_KEY_ID", STOLEN).env("AWS_SECRET_ACCESS_KEY", "x"));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(story.lab.calls("GetInsight"), 3);

    // The same without the profile.
    let mut command = at_home(&story, home.path(), &["--region", "eu-west-1"]);
    let run = finish(command.env("AWS_ACCESS_KEY_ID", STOLEN).env("AWS_SECRET_ACCESS_KEY", "x"));
    refused(&run, 1, &["GetCallerIdentity: InvalidClientTokenId", "AWS does not know these credentials"]);
}

#[cfg(unix)]
#[test]
fn a_profile_can_have_a_credential_process() {
    use std::os::unix::fs::PermissionsExt;
    let story = Story::with_scenario(STORY);
    let home = home("");
    let script = home.path().join("credentials");
    let answer = r#"{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"secret"}"#;
    std::fs::write(&script, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let profile =
        |process: &str| format!("[profile audit]\nregion = eu-west-1\ncredential_process = {process}\n");
    std::fs::write(home.path().join(".aws/config"), profile(script.to_str().unwrap())).unwrap();
    let run = finish(&mut at_home(&story, home.path(), &["--profile", "audit"]));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(story.lab.calls("GetInsight"), 3);

    std::fs::write(home.path().join(".aws/config"), profile("/nowhere/credentials")).unwrap();
    // Selected by the variable, as for other programs.
    let run = finish(at_home(&story, home.path(), &[]).env("AWS_PROFILE", "audit"));
    refused(&run, 1, &["loading the credentials of profile audit"]);
}

#[test]
fn sso_without_a_session_is_an_error_with_the_sign_in_command() {
    let story = Story::with_scenario(STORY);
    let account = "sso_account_id = 123456789012\nsso_role_name = Audit\nregion = eu-west-1\n";
    let configuration = format!(
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n\
         [profile audit]\nsso_session = corp\n{account}\
         [profile old]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n{account}"
    );
    let home = home(&configuration);
    for profile in ["audit", "old"] {
        let run = finish(&mut at_home(&story, home.path(), &["--profile", profile]));
        let hint = format!("\nhint: aws sso login --profile {profile}\n");
        refused(&run, 1, &[&format!("error: profile {profile} is not signed in: "), &hint]);
        let run = finish(at_home(&story, home.path(), &[]).env("AWS_PROFILE", profile));
        refused(&run, 1, &[&hint]);
    }
    assert!(story.lab.simulator.log().is_empty());
}

#[test]
fn missing_parts_of_the_configuration_are_reported() {
    let story = Story::with_scenario(STORY);
    let home = home("[profile audit]\nregion = eu-west-1\n");
    let check = |arguments: &[&str], profile: &str, expected: &str| {
        let run = finish(at_home(&story, home.path(), arguments).env("AWS_PROFILE", profile));
        refused(&run, 2, &[expected]);
    };
    let profile = "profile audit has no credentials: choose another by --profile or AWS_PROFILE";
    check(&["--profile", "audit"], "", profile);
    check(&[], "audit", profile);
    check(&["--region", "eu-west-1"], "", "no AWS credentials: choose a profile by --profile");
    check(&[], "", "no region: use --region");
}

#[test]
fn expired_credentials_are_reported_before_collecting() {
    let story = Story::with_scenario(STORY);
    story.lab.fault("GetCallerIdentity=expired:9");
    let run = finish(&mut collect(&story, &["--source", "xray"]));
    refused(&run, 1, &["the credentials have expired: sign in again"]);
    assert_eq!(story.lab.calls("GetGroups"), 0);
}

/// Three profiles, one of which has credentials.
const PROFILES: &str = "[profile audit]\nregion = eu-west-1\naws_access_key_id = AKIAAUDIT\naws_secret_access_key = secret\n\
                        [profile production]\nregion = eu-west-1\n[default]\nregion = eu-west-1\n";

#[test]
fn a_missing_profile_is_an_error_that_suggests_a_similar_profile_with_a_command() {
    let story = Story::with_scenario(STORY);
    let home = home(PROFILES);
    for (arguments, variable, expected) in [
        (
            &["--profile", "adit"][..],
            "",
            &[
                "error: profile adit (--profile) is not in the AWS configuration, which has the profiles audit, default, production\n",
                "hint: insights collect --source xray --profile audit\n",
            ][..],
        ),
        (
            &["--profile=adit", "--dry-run"],
            "",
            &["hint: insights collect --source xray --profile=audit --dry-run\n"],
        ),
        (
            &[],
            "prodution",
            &[
                "profile prodution (AWS_PROFILE) is not in the AWS configuration",
                "hint: AWS_PROFILE=production insights collect --source xray\n",
            ],
        ),
        (&["--profile", "zzz"], "audit", &["profile zzz (--profile)", "hint: aws configure list-profiles\n"]),
        // Shell and terminal control characters are escaped.
        (
            &["--profile", "$(touch pwned)"],
            "",
            &["error: profile $(touch pwned) (--profile)", "hint: aws configure list-profiles\n"],
        ),
        (&["--profile", "au\u{202e}dit"], "", &["error: profile au\\u{202e}dit (--profile)"]),
    ] {
        let run = finish(at_home(&story, home.path(), arguments).env("AWS_PROFILE", variable));
        refused(&run, 2, expected);
    }
    // Credentials in the environment override a profile that only a variable selects.
    let mut command = at_home(&story, home.path(), &["--region", "eu-west-1"]);
    command.env("AWS_PROFILE", "adit").env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", "x");
    assert_eq!(finish(&mut command).code, 0);
}

#[test]
fn missing_credentials_are_an_error_that_suggests_a_profile_with_credentials() {
    let story = Story::with_scenario(STORY);
    let home = home(PROFILES);
    let run = finish(&mut at_home(&story, home.path(), &[]));
    refused(
        &run,
        2,
        &["error: no AWS credentials: ", "hint: AWS_PROFILE=audit insights collect --source xray\n"],
    );
    // The hint is a command that works.
    let run = finish(at_home(&story, home.path(), &[]).env("AWS_PROFILE", "audit"));
    assert_eq!(run.code, 0, "{run:?}");
    let empty = self::home("");
    let run = finish(&mut at_home(&story, empty.path(), &["--region", "eu-west-1"]));
    refused(&run, 2, &["error: no AWS credentials: ", "hint: aws configure\n"]);
}

/// The files that `aws login` writes.
const SESSION: &str = "arn:aws:iam::123456789012:user/bob";

fn token(home: &Path, expires_at: &str) {
    let folder = home.join(".aws/login/cache");
    std::fs::create_dir_all(&folder).unwrap();
    let name = insights_shared::key::sha256_hex(SESSION.as_bytes());
    let token = format!(
        r#"{{"accessToken":{{"accessKeyId":"AKIALOGIN","secretAccessKey":"secret","sessionToken":"token",
            "accountId":"123456789012","expiresAt":"{expires_at}"}},"tokenType":"aws_sigv4","refreshToken":"r",
            "clientId":"arn:aws:signin:::devtools/same-device","dpopKey":"no key"}}"#
    );
    std::fs::write(folder.join(format!("{name}.json")), token).unwrap();
}

#[test]
fn a_profile_with_a_login_session_uses_the_credentials_of_the_session() {
    let story = Story::with_scenario(STORY);
    let home = home(&format!(
        "[profile login]\nlogin_session = {SESSION}\nregion = eu-west-1\n\
         [profile role]\nrole_arn = arn:aws:iam::123456789012:role/audit\nsource_profile = login\nregion = eu-west-1\n"
    ));
    let hint = "\nhint: aws login --profile login\n";
    let missing = finish(&mut at_home(&story, home.path(), &["--profile", "login"]));
    refused(&missing, 1, &["error: profile login is not signed in: ", hint]);
    token(home.path(), "2020-01-01T00:00:00Z");
    let expired = finish(at_home(&story, home.path(), &[]).env("AWS_PROFILE", "login"));
    refused(&expired, 1, &["error: profile login is not signed in: ", hint]);
    // For a role, the sign-in of its source profile is reported.
    let role = finish(&mut at_home(&story, home.path(), &["--profile", "role"]));
    refused(&role, 1, &[hint]);
    assert!(story.lab.simulator.log().is_empty());

    token(home.path(), "2099-01-01T00:00:00Z");
    let run = finish(&mut at_home(&story, home.path(), &["--profile", "login"]));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(story.lab.calls("GetInsight"), 3);
}

#[test]
fn an_endpoint_that_is_not_a_url_is_reported_before_any_call() {
    let story = Story::with_scenario(STORY);
    let home = home(
        "[profile wrong]\nregion = eu-west-1\nendpoint_url = localhost:8000\naws_access_key_id = A\naws_secret_access_key = s\n\
         [profile section]\nregion = eu-west-1\nservices = mine\naws_access_key_id = A\naws_secret_access_key = s\n\
         [services mine]\ndynamodb =\n  endpoint_url = tcp://db\nxray =\n  endpoint_url = http://127.0.0.1:9\n",
    );
    let url = story.lab.simulator.url();
    let host = url.strip_prefix("http://").unwrap();
    let check = |profile: &str, variables: &[(&str, &str)], expected: &[&str]| {
        let mut command = at_home(&story, home.path(), &["--profile", profile]);
        command.env_remove("AWS_ENDPOINT_URL").envs(variables.iter().copied());
        let run = finish(&mut command);
        refused(&run, 2, expected);
    };
    let again = "insights collect --source xray --profile wrong\n";
    check(
        "wrong",
        &[],
        &[
            "error: endpoint_url of profile wrong is localhost:8000: must be a URL such as",
            &format!("hint: AWS_ENDPOINT_URL=http://localhost:8000 {again}"),
        ],
    );
    check(
        "wrong",
        &[("AWS_ENDPOINT_URL", host)],
        &[&format!("error: AWS_ENDPOINT_URL is {host}: "), &format!("hint: AWS_ENDPOINT_URL={url} {again}")],
    );
    for (variable, value, shown) in [
        ("AWS_ENDPOINT_URL_STS", "http//sts", "http//sts"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://user:pw@host:x", "http://…@host:x"),
        ("AWS_ENDPOINT_URL_XRAY", "ftp://x", "ftp://x"),
        ("AWS_ENDPOINT_URL_CLOUDTRAIL", "not a url", "not a url"),
        ("AWS_ENDPOINT_URL_AUDITMANAGER", "http://a b", "http://a b"),
        ("AWS_ENDPOINT_URL_SSO_OIDC", "\u{1b}[31m", "\\u{1b}[31m"),
    ] {
        check(
            "wrong",
            &[("AWS_ENDPOINT_URL", url.as_str()), (variable, value)],
            &[
                &format!("error: {variable} is {shown}: must be a URL"),
                &format!("hint: {variable}='' {again}"),
            ],
        );
    }
    check(
        "section",
        &[],
        &[
            "error: endpoint_url of dynamodb in services mine is tcp://db: must be a URL",
            "hint: aws configure list --profile section\n",
        ],
    );
    check(
        "wrong",
        &[("AWS_ENDPOINT_URL", "x:1"), ("AWS_ENDPOINT_URL_STS", "y:2")],
        &["2 problems", "hint: AWS_ENDPOINT_URL=http://x:1 AWS_ENDPOINT_URL_STS=http://y:2 insights"],
    );
    assert!(story.lab.simulator.log().is_empty());
    // The suggested command works, and ignored endpoints are not checked.
    for (name, value) in [("AWS_ENDPOINT_URL", url.as_str()), ("AWS_ENDPOINT_URL_KMS", "for somebody else")] {
        let mut command = at_home(&story, home.path(), &["--profile", "wrong"]);
        assert_eq!(finish(command.env(name, value)).code, 0, "{name}");
    }
    let mut ignoring = at_home(&story, home.path(), &["--profile", "wrong", "--region", "eu-west-1"]);
    ignoring.env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true").env("HTTPS_PROXY", "http://127.0.0.1:9");
    let run = finish(&mut ignoring);
    assert!(!run.stderr.contains("must be a URL"), "{}", run.stderr);
}

#[test]
fn a_refused_connection_is_reported_by_the_first_call() {
    let story = Story::with_scenario(STORY);
    let mut command = collect(&story, &["--source", "xray"]);
    let run = finish(command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9"));
    refused(
        &run,
        1,
        &["identifying the account of the credentials: GetCallerIdentity: Connection", "check the region"],
    );
    // Only the table.
    let mut command = collect(&story, &["--source", "xray"]);
    let run = finish(command.env("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"));
    refused(&run, 1, &["asking table insights: Query: Connection"]);
}
