package service

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, handler http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder
}

func TestTheAnswerNamesItsVersionAndSettingsButNoSecrets(t *testing.T) {
	environ := []string{"LOG=info", "FEATURE_CART=on", "PASSWORD=hunter2"}
	response := get(t, New(Settings{Version: "v2"}, environ, "a", time.Now), "/anything")
	var got answer
	if err := json.Unmarshal(response.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if response.Code != http.StatusOK || !got.OK || got.Version != "v2" {
		t.Errorf("%d %+v", response.Code, got)
	}
	if response.Header().Get(VersionHeader) != "v2" {
		t.Error("the header must name the version")
	}
	if len(got.Env) != 2 || got.Env["LOG"] != "info" || got.Env["FEATURE_CART"] != "on" {
		t.Errorf("shown variables: %v", got.Env)
	}
}

func TestAFailedRequestAnswers500WithItsVersion(t *testing.T) {
	response := get(t, New(Settings{Version: "bad", ErrorRatio: 1}, nil, "a", time.Now), "/")
	if response.Code != 500 || response.Header().Get(VersionHeader) != "bad" {
		t.Errorf("%d %v", response.Code, response.Header())
	}
}

func TestProbesDoNotFailWithTheRequests(t *testing.T) {
	s := New(Settings{Version: "bad", ErrorRatio: 1}, nil, "a", time.Now)
	for _, path := range []string{"/readyz", "/healthz"} {
		if code := get(t, s, path).Code; code != 200 {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestReadinessFollowsTheSettings(t *testing.T) {
	if code := get(t, New(Settings{NeverReady: true}, nil, "a", time.Now), "/readyz").Code; code != 503 {
		t.Errorf("never ready: %d", code)
	}
	now := start
	s := New(Settings{ReadyAfterSeconds: 5}, nil, "a", func() time.Time { return now })
	if code := get(t, s, "/readyz").Code; code != 503 {
		t.Errorf("before its time: %d", code)
	}
	now = start.Add(5 * time.Second)
	if code := get(t, s, "/readyz").Code; code != 200 {
		t.Errorf("at its time: %d", code)
	}
}

func TestADrainingServiceIsNotReadyButAnswersAndClosesConnections(t *testing.T) {
	s := New(Settings{Version: "v1"}, nil, "a", time.Now)
	if get(t, s, "/").Header().Get("Connection") != "" {
		t.Error("a serving service must keep connections")
	}
	s.Drain()
	if code := get(t, s, "/readyz").Code; code != 503 {
		t.Errorf("readiness while draining: %d", code)
	}
	response := get(t, s, "/")
	if response.Code != 200 || response.Header().Get("Connection") != "close" {
		t.Errorf("while draining: %d, connection %q", response.Code, response.Header().Get("Connection"))
	}
}

func TestMetricsCountByStatusAndPurchases(t *testing.T) {
	s := New(Settings{Version: "v1", StickyClientFault: "client-1"}, nil, "a", time.Now)
	get(t, s, "/")
	get(t, s, "/")
	failing := httptest.NewRequest(http.MethodGet, "/", nil)
	failing.AddCookie(&http.Cookie{Name: "client", Value: "client-1"})
	s.ServeHTTP(httptest.NewRecorder(), failing)
	text := get(t, s, "/metrics").Body.String()
	for _, line := range []string{
		`sample_requests_total{version="v1",code="200"} 2`,
		`sample_requests_total{version="v1",code="500"} 1`,
		`checkout_completed_total{version="v1"} 2`,
		`sample_requests_in_flight{version="v1"} 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("missing %s in\n%s", line, text)
		}
	}
}
