//! Secrets in plain sight: what of variables and commands gives one away.

/// Whether a variable holds a secret: by its name, or because its text has the form of one.
pub(super) fn in_variable(name: &str, text: &str) -> bool {
    (names_a_secret(name) && is_literal(text)) || carries_one(text)
}

/// Whether a command is given a secret, as an option or in a text that has the form of one.
pub(super) fn in_command(command: &[String]) -> bool {
    let words: Vec<&str> = command.iter().flat_map(|word| word.split_whitespace()).collect();
    let given = |at: usize| words.get(at + 1).is_some_and(|next| !next.starts_with('-') && is_literal(next));
    let in_option = words.iter().enumerate().any(|(at, word)| {
        let is_name =
            |option: &&str| option.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let option = word.strip_prefix('-').map(|option| option.trim_start_matches('-')).filter(is_name);
        option.is_some_and(|option| names_a_secret(option) && !is_switch(option)) && given(at)
    });
    command.iter().any(|word| carries_one(word)) || in_option || short_option(&words, given)
}

/// Whether a name says that its value is a secret, by its last word: `DB_PASSWORD`, `api-key` and `PGPASSWORD` do,
/// `TOKEN_TTL` and `PASSWORD_FILE` do not.
fn names_a_secret(name: &str) -> bool {
    let name = name.trim_start_matches('-').to_ascii_uppercase().replace(['-', '.'], "_");
    let last = name.rsplit('_').next().unwrap_or_default();
    let words = ["PASS", "PWD", "PW", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "CREDENTIALS"];
    let whole = ["REDIS_AUTH", "REDISCLI_AUTH", "REQUIREPASS", "MASTERAUTH"];
    let ends = ["PASSWORD", "PASSWD", "PRIVATE_KEY", "ACCESS_KEY", "API_KEY", "SECRET_KEY"];
    words.contains(&last) || whole.contains(&name.as_str()) || ends.iter().any(|end| name.ends_with(end))
}

/// Whether an option only switches something, so that the word behind it is not its value: `--no-password`.
fn is_switch(option: &str) -> bool {
    let first = option.split('-').next().unwrap_or_default();
    ["no", "ask", "use", "enable", "disable", "allow", "skip", "require", "prompt"].contains(&first)
}

/// Whether a value could be a secret: neither empty, nor a switch, nor the name of a variable.
fn is_literal(value: &str) -> bool {
    let switches = ["yes", "no", "true", "false", "on", "off", "0", "1"];
    !value.is_empty()
        && !value.starts_with('$')
        && !switches.iter().any(|switch| value.eq_ignore_ascii_case(switch))
}

/// Whether a text carries a password in its own form: a URL or a data source with one, or a setting that is given one.
fn carries_one(text: &str) -> bool {
    let in_user = |user: &str| user.split_once(':').is_some_and(|(_, password)| is_literal(password));
    let in_url = text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| in_user(user))
    });
    // The form of Go's drivers: `user:password@tcp(host:3306)/name`.
    let in_source = ["@tcp(", "@unix("].iter().any(|network| {
        let user = text.split_once(network).map(|(before, _)| before);
        user.is_some_and(|user| in_user(user.rsplit(' ').next().unwrap_or_default()))
    });
    let in_setting = text.split(['?', '&', ';', ' ', '\n']).any(|setting| {
        setting.split_once('=').is_some_and(|(name, value)| names_a_secret(name) && is_literal(value))
    });
    in_url || in_source || in_setting
}

/// The short options of programs that take a password so: `mysql -pWORD`, `redis-cli -a WORD`.
///
/// Source: MySQL Reference Manual, "Command Options for Connecting to the Server"; `redis-cli --help`.
fn short_option(words: &[&str], given: impl Fn(usize) -> bool) -> bool {
    let mysql =
        ["mysql", "mysqldump", "mysqladmin", "mysqlcheck", "mariadb", "mariadb-dump", "mariadb-admin"];
    let mut program = "";
    words.iter().enumerate().any(|(at, word)| {
        let name = word.rsplit('/').next().unwrap_or_default();
        if mysql.contains(&name) || name == "redis-cli" {
            program = name;
        }
        match program {
            "" => false,
            "redis-cli" => *word == "-a" && given(at),
            _ => word.strip_prefix("-p").is_some_and(is_literal),
        }
    })
}
