// The Kubernetes provider of Pulumi, from its own module. Upstream's main embeds two files that its build generates;
// this one reads them from ../share, where the toolchain puts them.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// version is set by the linker.
var version = "0.0.0"

func main() {
	program, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	program, err = filepath.EvalSymlinks(program)
	if err != nil {
		log.Fatal(err)
	}
	share := filepath.Join(filepath.Dir(program), "..", "share")
	provider.Serve("kubernetes", version, read(share, "schema.json"), read(share, "terraform-mapping.json"))
}

func read(folder, name string) []byte {
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		log.Fatal(err)
	}
	return content
}
