// Package route reads and writes the weights of an HTTPRoute with one rule.
package route

import (
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Weighted returns the body of a merge patch that gives the canary `percent` of the route's one rule.
func Weighted(route *unstructured.Unstructured, stable, canary string, percent int32) ([]byte, error) {
	rules, _, err := unstructured.NestedSlice(route.Object, "spec", "rules")
	if err != nil || len(rules) != 1 {
		return nil, fmt.Errorf("HTTPRoute %s: one rule wanted, %d found", route.GetName(), len(rules))
	}
	rule, _ := rules[0].(map[string]any)
	references, _, err := unstructured.NestedSlice(rule, "backendRefs")
	if err != nil {
		return nil, fmt.Errorf("HTTPRoute %s: backendRefs: %w", route.GetName(), err)
	}
	weights := map[string]int64{stable: int64(100 - percent), canary: int64(percent)}
	for _, entry := range references {
		reference, _ := entry.(map[string]any)
		name, _ := reference["name"].(string)
		weight, known := weights[name]
		if !known {
			return nil, fmt.Errorf("HTTPRoute %s: backend %q is neither %s nor %s", route.GetName(), name, stable, canary)
		}
		reference["weight"] = weight
		delete(weights, name)
	}
	if len(weights) > 0 {
		return nil, errors.New("HTTPRoute " + route.GetName() + " lacks the stable or the canary service")
	}
	rule["backendRefs"] = references
	return json.Marshal(map[string]any{"spec": map[string]any{"rules": rules}})
}

// Share reads the canary's weight in percent, and whether the gateway has accepted this generation of the route.
func Share(route *unstructured.Unstructured, canary string) (percent int64, accepted bool) {
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	for _, rule := range rules {
		references, _, _ := unstructured.NestedSlice(rule.(map[string]any), "backendRefs")
		for _, entry := range references {
			if reference, _ := entry.(map[string]any); reference["name"] == canary {
				percent, _ = reference["weight"].(int64)
			}
		}
	}
	parents, _, _ := unstructured.NestedSlice(route.Object, "status", "parents")
	for _, parent := range parents {
		conditions, _, _ := unstructured.NestedSlice(parent.(map[string]any), "conditions")
		for _, entry := range conditions {
			condition, _ := entry.(map[string]any)
			current := condition["observedGeneration"] == route.GetGeneration()
			accepted = accepted || current && condition["type"] == "Accepted" && condition["status"] == "True"
		}
	}
	return percent, accepted
}
