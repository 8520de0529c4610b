//! The child alone, for tests: `probe WHAT` tries what a model must not do.

use std::process::ExitCode;

use tripline_onnx::sandbox;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [tripline_onnx::WORKER] => tripline_onnx::worker(),
        ["probe", what] => {
            sandbox::enter(1 << 28, || ());
            // 10 says that it worked; the kernel may have ended the process before.
            let done = match *what {
                "nothing" => true,
                "file" => std::fs::File::open("/etc/passwd").is_ok(),
                "socket" => std::net::UdpSocket::bind("127.0.0.1:0").is_ok(),
                "process" => std::process::Command::new("/bin/true").status().is_ok(),
                "thread" => std::thread::Builder::new().spawn(|| ()).is_ok(),
                "memory" => Vec::<u8>::new().try_reserve(1 << 30).is_ok(),
                _ => return ExitCode::FAILURE,
            };
            ExitCode::from(if done { 10 } else { 0 })
        }
        _ => ExitCode::FAILURE,
    }
}
