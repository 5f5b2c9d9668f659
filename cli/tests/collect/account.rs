//! Whose credentials are used, and what is said where there are none.

use super::collect;
use super::support::story::Story;
use super::support::{Run, finish};
use insights_tests::STORY;
use std::path::Path;
use std::process::Command;

/// A key that the simulated AWS takes for a role's, which is worth nothing without its session token.
const STOLEN: &str = "ASIASIM123456789012X";

/// A home with this AWS configuration in it.
fn home(configuration: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/config"), configuration).unwrap();
    home
}

/// A run over X-Ray in this home, without credentials and region in the environment.
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
fn a_profile_gives_credentials_and_region_and_counts_more_than_the_environment() {
    let story = Story::told(STORY);
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
fn a_profile_may_have_a_process_that_gives_the_credentials() {
    use std::os::unix::fs::PermissionsExt;
    let story = Story::told(STORY);
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
    // Chosen as other programs choose it.
    let run = finish(at_home(&story, home.path(), &[]).env("AWS_PROFILE", "audit"));
    refused(&run, 1, &["asking for the credentials of profile audit"]);
}

#[test]
fn single_sign_on_without_a_session_is_told_with_the_command_that_signs_in() {
    let story = Story::told(STORY);
    let account = "sso_account_id = 123456789012\nsso_role_name = Audit\nregion = eu-west-1\n";
    let configuration = format!(
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n\
         [profile audit]\nsso_session = corp\n{account}\
         [profile old]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n{account}"
    );
    let home = home(&configuration);
    for profile in ["audit", "old"] {
        let run = finish(&mut at_home(&story, home.path(), &["--profile", profile]));
        refused(
            &run,
            1,
            &[&format!("profile {profile} is not signed in: run `aws sso login --profile {profile}`")],
        );
        let run = finish(at_home(&story, home.path(), &[]).env("AWS_PROFILE", profile));
        refused(&run, 1, &[&format!("run `aws sso login --profile {profile}`")]);
    }
    assert!(story.lab.simulator.log().is_empty());
}

#[test]
fn what_the_configuration_lacks_is_told() {
    let story = Story::told(STORY);
    let home = home("[profile audit]\nregion = eu-west-1\n");
    let check = |arguments: &[&str], profile: &str, expected: &str| {
        let run = finish(at_home(&story, home.path(), arguments).env("AWS_PROFILE", profile));
        refused(&run, 2, &[expected]);
    };
    let none = "profile adit gives no credentials: choose another by --profile or AWS_PROFILE";
    check(&["--profile", "adit", "--region", "eu-west-1"], "", none);
    check(&["--region", "eu-west-1"], "adit", none);
    check(&["--profile", "audit"], "", "profile audit");
    check(&["--region", "eu-west-1"], "", "no AWS credentials: choose a profile by --profile");
    check(&[], "", "no region: give --region");
}

#[test]
fn credentials_that_have_expired_are_told_before_anything_is_collected() {
    let story = Story::told(STORY);
    story.lab.fault("GetCallerIdentity=expired:9");
    let run = finish(&mut collect(&story, &["--source", "xray"]));
    refused(&run, 1, &["the credentials have expired: sign in again"]);
    assert_eq!(story.lab.calls("GetGroups"), 0);
}
