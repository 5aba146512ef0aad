// Command kube is a whole Kubernetes control plane and node agent in one binary.
//
// One program name, one applet: the sandbox links etcd, kube-apiserver, kube-controller-manager, kube-scheduler and
// kubelet to it. One binary shares most of the code of the five and is built in a third of the time.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata" // CronJob time zones

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // version metric
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	applet := filepath.Base(os.Args[0])
	if applet == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	commands := map[string]func() *cobra.Command{
		"kube-apiserver":          apiserver.NewAPIServerCommand,
		"kube-controller-manager": controllermanager.NewControllerManagerCommand,
		"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
		"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	}
	command, known := commands[applet]
	if !known {
		fmt.Fprintf(os.Stderr, "%s: no such applet: call it as etcd, kube-apiserver, kube-controller-manager, "+
			"kube-scheduler or kubelet\n", applet)
		os.Exit(2)
	}
	os.Exit(cli.Run(command()))
}
