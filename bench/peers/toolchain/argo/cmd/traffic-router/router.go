package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubetypes "k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"slipway.local/bench/peers/argo/internal/route"
)

// Name under which a Rollout asks for this router; its settings are {"httpRoute": NAME}.
const Name = "slipway-bench/httproute"

var routes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}

// router implements Argo's RpcTrafficRoutingReconciler on one HTTPRoute a Rollout.
type router struct{ client dynamic.Interface }

func newClient(kubeconfig string) (dynamic.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 100, 200
	return dynamic.NewForConfig(config)
}

func (r *router) InitPlugin() types.RpcError { return types.RpcError{} }

func (r *router) Type() string { return Name }

func (r *router) UpdateHash(*v1alpha1.Rollout, string, string, []v1alpha1.WeightDestination) types.RpcError {
	return types.RpcError{}
}

func (r *router) SetWeight(rollout *v1alpha1.Rollout, weight int32, _ []v1alpha1.WeightDestination) types.RpcError {
	found, err := r.route(rollout)
	if err != nil {
		return failed(err)
	}
	canary := rollout.Spec.Strategy.Canary
	patch, err := route.Weighted(found, canary.StableService, canary.CanaryService, weight)
	if err != nil {
		return failed(err)
	}
	_, err = r.client.Resource(routes).Namespace(rollout.Namespace).Patch(
		context.Background(), found.GetName(), kubetypes.MergePatchType, patch, v1.PatchOptions{})
	return failed(err)
}

func (r *router) VerifyWeight(
	rollout *v1alpha1.Rollout, weight int32, _ []v1alpha1.WeightDestination,
) (types.RpcVerified, types.RpcError) {
	found, err := r.route(rollout)
	if err != nil {
		return types.NotVerified, failed(err)
	}
	percent, accepted := route.Share(found, rollout.Spec.Strategy.Canary.CanaryService)
	if accepted && percent == int64(weight) {
		return types.Verified, types.RpcError{}
	}
	return types.NotVerified, types.RpcError{}
}

func (r *router) SetHeaderRoute(*v1alpha1.Rollout, *v1alpha1.SetHeaderRoute) types.RpcError {
	return types.RpcError{}
}

func (r *router) SetMirrorRoute(*v1alpha1.Rollout, *v1alpha1.SetMirrorRoute) types.RpcError {
	return types.RpcError{}
}

func (r *router) RemoveManagedRoutes(*v1alpha1.Rollout) types.RpcError { return types.RpcError{} }

func (r *router) route(rollout *v1alpha1.Rollout) (*unstructured.Unstructured, error) {
	var settings struct {
		HTTPRoute string `json:"httpRoute"`
	}
	raw := rollout.Spec.Strategy.Canary.TrafficRouting.Plugins[Name]
	if err := json.Unmarshal(raw, &settings); err != nil || settings.HTTPRoute == "" {
		return nil, fmt.Errorf("trafficRouting.plugins[%q]: {\"httpRoute\": NAME} wanted, %q found", Name, raw)
	}
	return r.client.Resource(routes).Namespace(rollout.Namespace).Get(
		context.Background(), settings.HTTPRoute, v1.GetOptions{})
}

func failed(err error) types.RpcError {
	if err == nil {
		return types.RpcError{}
	}
	return types.RpcError{ErrorString: err.Error()}
}
