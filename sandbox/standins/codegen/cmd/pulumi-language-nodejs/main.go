// A stand-in for pulumi-language-nodejs, the host that runs TypeScript programs for Pulumi: it prints its port and
// serves pulumirpc.LanguageRuntime until its engine is gone.
package main

import (
	"context"
	"fmt"
	"os"

	"google.golang.org/grpc"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served := &host{}
	if len(arguments) > 0 {
		served.engine = arguments[len(arguments)-1]
		if err := rpcutil.Healthcheck(ctx, served.engine, healthPeriod, cancel); err != nil {
			return err
		}
	}
	stop := make(chan bool)
	go func() {
		<-ctx.Done()
		close(stop)
	}()
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel:  stop,
		Init:    func(server *grpc.Server) error { pulumirpc.RegisterLanguageRuntimeServer(server, served); return nil },
		Options: rpcutil.OpenTracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d\n", handle.Port)
	return <-handle.Done
}
