//! As much HTTP/1.1 as the stand-ins for AWS speak: messages of a known length, one after the other.

use std::io::{self, Error, ErrorKind};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The longest line that anybody here sends, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// A request or an answer.
#[derive(Debug)]
pub struct Message {
    pub first_line: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { first_line: format!("HTTP/1.1 {status} -"), headers: headers.collect(), body: body.into() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The method and the path of a request.
    pub fn target(&self) -> (&str, &str) {
        let mut words = self.first_line.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// Sends a request by a connection of its own.
    pub async fn exchange(self, address: std::net::SocketAddr) -> io::Result<Self> {
        let mut connection = BufReader::new(TcpStream::connect(address).await?);
        connection.write_all(&self.into_bytes()).await?;
        Self::read(&mut connection).await?.ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    /// The next message, or nothing when there is no further one.
    async fn read(connection: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let first_line = line(connection).await?;
        if first_line.is_empty() {
            return Ok(None);
        }
        let mut headers = Vec::new();
        loop {
            let line = line(connection).await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or(ErrorKind::InvalidData)?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut message = Self { first_line, headers, body: Vec::new() };
        if message.header("transfer-encoding").is_some() {
            return Err(Error::new(ErrorKind::InvalidData, "a message of unknown length"));
        }
        let length = message.header("content-length").map_or(Ok(0), str::parse).map_err(Error::other)?;
        message.body.resize(length, 0);
        connection.read_exact(&mut message.body).await?;
        Ok(Some(message))
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
        self.headers.push(("content-length".to_owned(), self.body.len().to_string()));
        let mut bytes = format!("{}\r\n", self.first_line).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(self.body);
        bytes
    }
}

/// A line without its end.
async fn line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    connection.take(MAX_LINE).read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

/// Serves for ever. `connect` gives each connection what answers its requests; a request without an answer ends the
/// connection. All connections end with this future.
pub async fn serve<C, H, F>(listener: TcpListener, mut connect: C)
where
    C: FnMut() -> H,
    H: FnMut(Message) -> F + Send + 'static,
    F: Future<Output = Option<Message>> + Send,
{
    let mut connections = JoinSet::new();
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        let mut answer = connect();
        connections.spawn(async move {
            let mut connection = BufReader::new(connection);
            while let Ok(Some(request)) = Message::read(&mut connection).await {
                let Some(answer) = answer(request).await else { return };
                if connection.write_all(&answer.into_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}
