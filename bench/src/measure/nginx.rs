//! Limit: nginx, which sends the same page as a file over the same TLS to the same client.
//!
//! It reads no log, checks no token and keeps no cursor: what is between it and the hub is what the hub does.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use hyper::Uri;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::read_out::{BEGINNING, page_interval, page_uri};
use crate::{
    bench::{Bench, CONNECTIONS, Store},
    client::{Call, Server},
    corpus::BATCH_EVENTS,
    figure::{Figure, Unit},
    load::readers::{Manner, ReadOut, Route, read_out},
};

const START_TIME_MAX: Duration = Duration::from_secs(10);
const PROGRAM: &str = "/usr/sbin/nginx";
const PACKAGE: &str = "nginx-light";

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    install()?;
    let page = first_page(bench).await?;
    let directory = bench.directory().join("nginx");
    fs::create_dir_all(&directory).context("make a directory for nginx")?;
    fs::write(directory.join("page"), &page).context("write the page that nginx serves")?;
    let timed = Manner { accepts_gzip: false, goes_round: true, interval: None, time_max: bench.scale.read_time };
    let one = read(&Nginx::start(&directory, 1).await?, timed).await?;
    let nginx = Nginx::start(&directory, 2).await?;
    let two = read(&nginx, timed).await?;
    let paced = read(&nginx, Manner { interval: Some(page_interval()), ..timed }).await?;
    drop(nginx);

    let rate = |id, what: &str, run: &ReadOut| {
        Figure::new(id, what, run.events_per_second(), Unit::EventsPerSecond).note(run.summary())
    };
    bench.push(rate("limit.nginx.one", "the same page as a file of nginx, 1 process", &one));
    bench.push(rate("limit.nginx", "the same page as a file of nginx, 2 processes", &two));
    let latency = Figure::new(
        "limit.nginx.page",
        "page of nginx at 200,000 events/s, p99",
        paced.latencies.percentile_ms(99.0),
        Unit::Millis,
    );
    bench.push(latency.note(paced.summary()));
    Ok(())
}

async fn read(nginx: &Nginx, manner: Manner) -> Result<ReadOut> {
    let routes = vec![Route::File(Uri::from_static("/page")); CONNECTIONS];
    read_out(&nginx.server, nginx.process.id(), routes, manner).await
}

async fn first_page(bench: &mut Bench) -> Result<Bytes> {
    let filled = bench.filled(Store::Sqlite).await?;
    let body = json!({"limit": BATCH_EVENTS, "start_time": BEGINNING}).to_string();
    let call = Call::post(page_uri("v2", "itemusages")?, filled.account.reader.clone(), Bytes::from(body));
    filled.hub.server.connect().await?.send(call).await?.expect(200)
}

/// A running nginx; dropping it stops it and its workers.
struct Nginx {
    process: Child,
    server: Server,
}

impl Nginx {
    async fn start(directory: &Path, workers: usize) -> Result<Self> {
        let key = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).context("make a certificate")?;
        let pem = key.cert.pem();
        fs::write(directory.join("certificate.pem"), &pem).context("write nginx's certificate")?;
        fs::write(directory.join("key.pem"), key.signing_key.serialize_pem()).context("write nginx's key")?;
        let address = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).context("find a free port")?;
        let config = directory.join("nginx.conf");
        fs::write(&config, config_text(directory, workers, address)).context("write nginx's configuration")?;
        let mut command = Command::new(PROGRAM);
        command.arg("-p").arg(directory).arg("-c").arg(&config).arg("-e").arg(directory.join("error.log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().context("start nginx")?;
        let mut nginx = Self { process, server: Server::at(address, pem.as_bytes())? };
        let started = Instant::now();
        while nginx.server.connect().await.is_err() {
            let has_ended = nginx.process.try_wait().context("watch nginx")?.is_some();
            if has_ended || started.elapsed() > START_TIME_MAX {
                bail!("nginx does not start: {}", fs::read_to_string(directory.join("error.log")).unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Asked, not killed: a killed nginx would leave its workers behind.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

fn config_text(directory: &Path, workers: usize, address: SocketAddr) -> String {
    let directory = directory.display();
    let user = if is_root() { "user root;" } else { "" };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("    {name}_temp_path {directory}/{name};\n"))
        .collect();
    format!(
        "daemon off;\n{user}\nworker_processes {workers};\npid {directory}/nginx.pid;\n\
         events {{ worker_connections 64; }}\n\
         http {{\n    access_log off;\n    keepalive_requests 100000000;\n    sendfile off;\n    output_buffers 2 1m;\n    \
         default_type application/json;\n{temporary}\
         \x20   server {{\n        listen {address} ssl reuseport;\n        ssl_certificate {directory}/certificate.pem;\n\
         \x20       ssl_certificate_key {directory}/key.pem;\n        ssl_protocols TLSv1.3;\n        root {directory};\n\
         \x20   }}\n}}\n"
    )
}

fn install() -> Result<()> {
    let is_there = || PathBuf::from(PROGRAM).is_file();
    if is_there() {
        return Ok(());
    }
    let by_hand = format!("nginx is missing: install it, on Debian with `apt-get install {PACKAGE}`");
    ensure!(is_root(), "{by_hand}");
    // In this run level, the package does not start a server of its own.
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.arg("--quiet").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let installed = apt_get(&["update"]) && apt_get(&["install", "--yes", "--no-install-recommends", PACKAGE]);
    ensure!(installed && is_there(), "{by_hand}");
    Ok(())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
