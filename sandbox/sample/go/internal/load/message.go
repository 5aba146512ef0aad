package load

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const versionHeader = "x-sample-version"

// message is the request that is sent over and over, ready in bytes but for the client's key.
type message struct {
	address string // host:port of the server
	request *http.Request
	head    []byte // up to and without the empty line that ends it
	header  string // what precedes the client's key in a header of its own; empty: none
	cookie  string // or in the Cookie header
}

func newMessage(options Options) (message, error) {
	target, err := url.Parse(options.URL)
	if err != nil {
		return message{}, fmt.Errorf("url: %w", err)
	}
	request, err := http.NewRequest(http.MethodGet, options.URL, nil)
	if err != nil {
		return message{}, fmt.Errorf("url: %w", err)
	}
	request.Host = options.Host
	request.Header.Set("User-Agent", "slipway-loadgen")
	for _, header := range options.Headers {
		name, value, _ := strings.Cut(header, ":")
		request.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	var text bytes.Buffer
	if err := request.Write(&text); err != nil {
		return message{}, fmt.Errorf("headers: %w", err)
	}
	m := message{request: request, head: bytes.TrimSuffix(text.Bytes(), []byte("\r\n"))}
	m.address = target.Host
	if target.Port() == "" {
		m.address += ":80"
	}
	switch {
	case options.Clients == 0:
	case options.ClientHeader != "":
		m.header = options.ClientHeader + ": "
	default:
		m.cookie = options.ClientCookie + "="
	}
	return m, nil
}

// bytes appends the request with the client's key and its cookies to a buffer that the caller reuses.
func (m message) bytes(buffer []byte, client, cookies string) []byte {
	buffer = append(buffer, m.head...)
	if m.header != "" {
		buffer = append(append(append(buffer, m.header...), client...), "\r\n"...)
	}
	if m.cookie != "" || cookies != "" {
		buffer = append(buffer, "Cookie: "...)
		if m.cookie != "" {
			buffer = append(append(buffer, m.cookie...), client...)
		}
		if m.cookie != "" && cookies != "" {
			buffer = append(buffer, "; "...)
		}
		buffer = append(append(buffer, cookies...), "\r\n"...)
	}
	return append(buffer, "\r\n"...)
}

func version(response *http.Response) string {
	if named := response.Header.Get(versionHeader); named != "" {
		return named
	}
	return NoVersion
}
