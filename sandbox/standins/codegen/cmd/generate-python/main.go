// The generator of Python SDKs as a filter: a GeneratePackageRequest on standard input, its response on standard
// output, both as protobuf's bytes.
package main

import (
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/proto"

	"slipway.local/standins/codegen/generate"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var request pulumirpc.GeneratePackageRequest
	if err := proto.Unmarshal(content, &request); err != nil {
		return err
	}
	response, err := generate.Write(&request, generate.Python)
	if err != nil {
		return err
	}
	answer, err := proto.Marshal(response)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(answer)
	return err
}
