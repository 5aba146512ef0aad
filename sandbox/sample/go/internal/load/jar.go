package load

import (
	"net/http"
	"slices"
	"strings"
	"sync"
)

// jar keeps the cookies that a server gave to each client, as a browser would: they go back with every later
// request of that client, until the server takes them away. Paths, hosts and ages are not told apart, for
// there is one server and a run is short.
type jar struct {
	mutex   sync.Mutex
	clients map[string]map[string]string
}

func newJar() *jar { return &jar{clients: map[string]map[string]string{}} }

// header is what follows "Cookie: " in the client's next request; empty when it has no cookie.
func (j *jar) header(client string) string {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	pairs := make([]string, 0, len(j.clients[client]))
	for name, value := range j.clients[client] {
		pairs = append(pairs, name+"="+value)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "; ")
}

func (j *jar) keep(client string, cookies []*http.Cookie) {
	if len(cookies) == 0 {
		return
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.clients[client] == nil {
		j.clients[client] = map[string]string{}
	}
	for _, cookie := range cookies {
		if cookie.MaxAge < 0 {
			delete(j.clients[client], cookie.Name)
		} else {
			j.clients[client][cookie.Name] = cookie.Value
		}
	}
}
