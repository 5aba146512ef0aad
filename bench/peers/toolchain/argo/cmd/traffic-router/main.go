// Command traffic-router lets the Argo Rollouts controller move the weights of a Gateway API HTTPRoute. It speaks
// Argo's own plugin protocol; the published plugin for the Gateway API is not to be had as a Go module.
package main

import (
	"fmt"
	"os"

	rpc "github.com/argoproj/argo-rollouts/rollout/trafficrouting/plugin/rpc"
	"github.com/hashicorp/go-plugin"
)

// handshake is what the controller of Argo Rollouts expects of a traffic router.
var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
	MagicCookieValue: "trafficrouter",
}

func main() {
	client, err := newClient(os.Getenv("KUBECONFIG"))
	if err != nil {
		fmt.Fprintf(os.Stderr, "traffic-router: KUBECONFIG: %v\n", err)
		os.Exit(1)
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins: map[string]plugin.Plugin{
			"RpcTrafficRouterPlugin": &rpc.RpcTrafficRouterPlugin{Impl: &router{client: client}},
		},
	})
}
