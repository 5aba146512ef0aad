package load

import (
	"fmt"
	"math"
	"sort"
)

// population says which client sends the request of a given number: all in turn, or, with a skew, each by
// chance in proportion to 1/(rank+1)^skew, as in a real population where a few clients send most of the
// requests. The same number always means the same client.
type population struct {
	clients    int
	cumulative []float64 // shares of the clients up to each; nil: in turn
}

func newPopulation(clients int, skew float64) population {
	if clients == 0 || skew == 0 {
		return population{clients: clients}
	}
	cumulative, sum := make([]float64, clients), 0.0
	for rank := range clients {
		sum += math.Pow(float64(rank+1), -skew)
		cumulative[rank] = sum
	}
	for rank := range cumulative {
		cumulative[rank] /= sum
	}
	return population{clients: clients, cumulative: cumulative}
}

// client is the key of the client that sends the request with this number; empty without clients.
func (p population) client(number int) string {
	if p.clients == 0 {
		return ""
	}
	rank := number % p.clients
	if p.cumulative != nil {
		rank = min(p.clients-1, sort.SearchFloat64s(p.cumulative, uniform(uint64(number))))
	}
	return fmt.Sprintf("client-%d", rank)
}

// uniform is a number in [0, 1) for each n, by the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
func uniform(n uint64) float64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9
	n = (n ^ (n >> 27)) * 0x94d049bb133111eb
	return float64((n^(n>>31))>>11) / (1 << 53)
}
