package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// description is what a package.json says.
type description struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Dependencies map[string]string `json:"dependencies"`
	Pulumi       struct {
		Resource bool   `json:"resource"`
		Name     string `json:"name"`
		Version  string `json:"version"`
		Server   string `json:"server"`
	} `json:"pulumi"`
}

func described(folder string) (description, error) {
	var found description
	content, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(content, &found)
}

func packageName(folder string) (string, error) {
	found, err := described(folder)
	return found.Name, err
}

// requiredPackages lists the resource plugins that the direct dependencies of a program want.
func requiredPackages(program string) ([]*pulumirpc.PackageDependency, error) {
	own, err := described(program)
	if err != nil {
		return nil, err
	}
	var wanted []*pulumirpc.PackageDependency
	for name := range own.Dependencies {
		found, err := described(filepath.Join(program, "node_modules", name))
		if err != nil || !found.Pulumi.Resource {
			continue
		}
		version := found.Pulumi.Version
		if version == "" {
			version = found.Version
		}
		plugin := found.Pulumi.Name
		if plugin == "" {
			plugin = name[strings.LastIndex(name, "/")+1:]
		}
		wanted = append(wanted, &pulumirpc.PackageDependency{
			Name: plugin, Kind: "resource", Version: "v" + strings.TrimPrefix(version, "v"), Server: found.Pulumi.Server,
		})
	}
	return wanted, nil
}
