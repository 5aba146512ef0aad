package route

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func httpRoute(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	found := &unstructured.Unstructured{}
	if err := found.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	found.SetName("app")
	return found
}

const live = `{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"generation": 3}, "spec": {"rules": [{"matches": [{"path": {"value": "/"}}],
	"backendRefs": [{"name": "stable", "port": 80, "weight": 100}, {"name": "canary", "port": 80, "weight": 0}]}]},
	"status": {"parents": [{"conditions": [{"type": "Accepted", "status": "True", "observedGeneration": %GENERATION%}]}]}}`

func TestWeightsAreSetAndEverythingElseOfTheRuleStays(t *testing.T) {
	patch, err := Weighted(httpRoute(t, strings.Replace(live, "%GENERATION%", "3", 1)), "stable", "canary", 30)
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{`"value":"/"`, `"name":"stable","port":80,"weight":70`, `"name":"canary","port":80,"weight":30`} {
		if !strings.Contains(string(patch), wanted) {
			t.Errorf("%s lacks %s", patch, wanted)
		}
	}
}

func TestARouteWithAnotherBackendIsRefused(t *testing.T) {
	_, err := Weighted(httpRoute(t, strings.Replace(live, "%GENERATION%", "3", 1)), "stable", "other", 30)
	if err == nil || !strings.Contains(err.Error(), "canary") {
		t.Errorf("an error that names the backend was wanted, got %v", err)
	}
}

func TestAWeightCountsOnceTheGatewayAcceptedThisGeneration(t *testing.T) {
	for generation, wanted := range map[string]bool{"2": false, "3": true} {
		percent, accepted := Share(httpRoute(t, strings.Replace(live, "%GENERATION%", generation, 1)), "stable")
		if percent != 100 || accepted != wanted {
			t.Errorf("observed generation %s: %d%%, accepted %v", generation, percent, accepted)
		}
	}
}
