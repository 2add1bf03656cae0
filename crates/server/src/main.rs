//! The program `daybook`.

fn main() -> std::process::ExitCode {
    daybook_server::cli::main()
}
