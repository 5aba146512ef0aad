package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	"slipway.local/standins/codegen/generate"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	healthPeriod     = 5 * time.Minute
	runner           = "node_modules/@pulumi/pulumi/cmd/run/index.js"
	alreadyExplained = 32 // the runner's exit code when it has shown the error itself
)

// host serves one CLI process. What it does not know answers UNIMPLEMENTED.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	engine  string
	mutex   sync.Mutex
	program *exec.Cmd
}

func (h *host) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.engine = request.EngineAddress
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{}, nil
}

func (h *host) GetRequiredPackages(
	_ context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	found, err := requiredPackages(request.Info.ProgramDirectory)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetRequiredPackagesResponse{Packages: found}, nil
}

func (h *host) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

func (h *host) Run(_ context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if _, err := os.Stat(filepath.Join(request.Info.RootDirectory, runner)); err != nil {
		return nil, fmt.Errorf("%s is missing: run `pulumi install`", runner)
	}
	configuration, err := json.Marshal(request.Config)
	if err != nil {
		return nil, err
	}
	secret, err := json.Marshal(request.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	program := exec.Command("node", h.arguments(request)...)
	program.Dir = request.Pwd
	program.Env = append(os.Environ(),
		"PULUMI_CONFIG="+string(configuration), "PULUMI_CONFIG_SECRET_KEYS="+string(secret),
		"PULUMI_NODEJS_TYPESCRIPT=true")
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	h.mutex.Lock()
	err = program.Start()
	h.program = program
	h.mutex.Unlock()
	if err != nil {
		return nil, err
	}
	return outcome(program.Wait())
}

func (h *host) arguments(request *pulumirpc.RunRequest) []string {
	list := []string{filepath.Join(request.Info.RootDirectory, runner)}
	for _, each := range [][2]string{
		{"monitor", request.MonitorAddress}, {"engine", h.engine}, {"organization", request.Organization},
		{"project", request.Project}, {"stack", request.Stack}, {"pwd", request.Pwd},
		{"parallel", strconv.Itoa(int(request.Parallel))},
	} {
		if each[1] != "" {
			list = append(list, "--"+each[0], each[1])
		}
	}
	if request.DryRun {
		list = append(list, "--dry-run")
	}
	return append(append(list, request.Info.EntryPoint), request.Args...)
}

func outcome(err error) (*pulumirpc.RunResponse, error) {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &ended) && ended.ExitCode() == alreadyExplained:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &ended):
		return &pulumirpc.RunResponse{Error: "the program ended: " + ended.String()}, nil
	default:
		return nil, err
	}
}

func (h *host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, request.IsTerminal)
	if err != nil {
		return err
	}
	defer closer.Close()
	install := exec.Command("npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
	install.Dir = request.Info.ProgramDirectory
	install.Stdout, install.Stderr = stdout, stderr
	return install.Run()
}

func (h *host) GeneratePackage(
	_ context.Context, request *pulumirpc.GeneratePackageRequest,
) (*pulumirpc.GeneratePackageResponse, error) {
	return generate.Write(request, generate.Nodejs)
}

// Link makes generated SDKs dependencies of the program, as files.
func (h *host) Link(_ context.Context, request *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	root := request.Info.RootDirectory
	var told []string
	for _, each := range request.Packages {
		name, err := packageName(filepath.Join(root, each.Path))
		if err != nil {
			return nil, err
		}
		pin := exec.Command("npm", "pkg", "set", fmt.Sprintf("dependencies.%s=file:%s", name, each.Path))
		pin.Dir = root
		if output, err := pin.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("npm pkg set: %w: %s", err, output)
		}
		told = append(told, fmt.Sprintf("  import * as %s from %q;", each.Package.Name, name))
	}
	return &pulumirpc.LinkResponse{ImportInstructions: "You can import the SDK by\n\n" + strings.Join(told, "\n")}, nil
}

func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.program != nil && h.program.Process != nil {
		_ = h.program.Process.Signal(os.Interrupt)
	}
	return &emptypb.Empty{}, nil
}
