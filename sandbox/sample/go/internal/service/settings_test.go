package service

import (
	"strings"
	"testing"
)

func lookupIn(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, found := variables[name]
		return value, found
	}
}

func TestAMisspeltFaultIsRefused(t *testing.T) {
	_, err := Load(strings.NewReader(`{"version": "v1", "errorRation": 0.05}`), lookupIn(nil))
	if err == nil || !strings.Contains(err.Error(), "errorRation") {
		t.Fatalf("want an error that names the field, got %v", err)
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	text := `{"version": "", "errorRatio": 2, "faultAfter": "lunch"}`
	_, err := Load(strings.NewReader(text), lookupIn(map[string]string{"SAMPLE_DELAY_MS": "soon"}))
	for _, name := range []string{"version", "errorRatio", "faultAfter", "SAMPLE_DELAY_MS"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want an error that names %s, got %v", name, err)
		}
	}
}

func TestAVariableOverridesTheFile(t *testing.T) {
	variables := map[string]string{
		"SAMPLE_ERROR_RATIO": "0.5", "SAMPLE_NEVER_READY": "true", "SAMPLE_STICKY_CLIENT_FAULT": "client-3",
		"SAMPLE_CRASH_AFTER_SECONDS": "0",
	}
	got, err := Load(strings.NewReader(`{"version": "v1", "errorRatio": 0.05}`), lookupIn(variables))
	if err != nil {
		t.Fatal(err)
	}
	if got.Version != "v1" || got.ErrorRatio != 0.5 || !got.NeverReady || got.StickyClientFault != "client-3" {
		t.Errorf("variables not laid over the file: %+v", got)
	}
	if got.CrashAfterSeconds == nil || *got.CrashAfterSeconds != 0 {
		t.Error("a crash at once must differ from no crash")
	}
}
