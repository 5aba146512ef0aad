package load

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// connection is one kept-alive connection. It stands in for http.Transport, which silently repeats a request
// whose connection was closed under it: a loss that we are here to count.
type connection struct {
	address string
	timeout time.Duration
	net.Conn
	reader *bufio.Reader
}

// exchange sends one request and reads the whole response. The body's error is separate, because a
// response has a version and a status even when its body ends early. After any error, and when the server
// asks for it, the connection is closed and the next exchange opens another.
func (c *connection) exchange(request []byte, method *http.Request) (response *http.Response, body, err error) {
	if err = c.open(); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil || body != nil || response.Close {
			c.close()
		}
	}()
	if err = c.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return nil, nil, err
	}
	if _, err = c.Write(request); err != nil {
		return nil, nil, err
	}
	if response, err = http.ReadResponse(c.reader, method); err != nil {
		return nil, nil, err
	}
	_, body = io.Copy(io.Discard, response.Body)
	return response, body, nil
}

// open makes sure that there is a connection that the server has not closed since the last exchange.
func (c *connection) open() error {
	if c.Conn != nil && c.reader.Buffered() == 0 && quiet(c.Conn) {
		return nil
	}
	c.close()
	opened, err := net.DialTimeout("tcp", c.address, c.timeout)
	if err != nil {
		return err
	}
	c.Conn = opened
	if c.reader == nil {
		c.reader = bufio.NewReader(opened)
	} else {
		c.reader.Reset(opened)
	}
	return nil
}

func (c *connection) close() {
	if c.Conn != nil {
		_ = c.Conn.Close()
		c.Conn = nil
	}
}

// quiet says that nothing has arrived on an idle connection, no close, no reset and no stray data.
func quiet(conn net.Conn) bool {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	idle := false
	var one [1]byte
	if err := raw.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		idle = err == syscall.EAGAIN
	}); err != nil {
		return false
	}
	return idle
}
