// Package service is the sample service of the sandbox: a small HTTP server whose version and faults are
// baked into its image, so that versions differ in content and therefore in digest.
package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// From which instant FaultAfterSeconds counts.
const (
	AfterStart        = "start"
	AfterFirstRequest = "first-request"
)

// Settings is the content of the settings file. Each field can be overridden by the environment variable
// in its tag, so that a release may consist of nothing but a new variable.
type Settings struct {
	Version string `json:"version" env:"SAMPLE_VERSION"`

	// ErrorRatio of the requests answer 500, chosen pseudo-randomly from Seed, the host's name (so that
	// replicas do not fail in step) and the request's number. Burst > 1 fails that many in a row.
	ErrorRatio float64 `json:"errorRatio" env:"SAMPLE_ERROR_RATIO"`
	Burst      int     `json:"burst" env:"SAMPLE_BURST"`
	Seed       uint64  `json:"seed" env:"SAMPLE_SEED"`
	// IncompleteRatio of the requests answer 200 without completing the purchase: a fault that only the
	// business metric checkout_completed_total shows.
	IncompleteRatio float64 `json:"incompleteRatio" env:"SAMPLE_INCOMPLETE_RATIO"`
	DelayMs         int     `json:"delayMs" env:"SAMPLE_DELAY_MS"`
	// StickyClientFault names the one client (header x-client or cookie client) whose requests all fail.
	StickyClientFault string `json:"stickyClientFault" env:"SAMPLE_STICKY_CLIENT_FAULT"`
	// ClientErrorShare of the clients get nothing but 500, chosen from their keys and Seed alone.
	ClientErrorShare float64 `json:"clientErrorShare" env:"SAMPLE_CLIENT_ERROR_SHARE"`

	// The faults above begin this long after FaultAfter: "start" of the process or "first-request".
	FaultAfterSeconds float64 `json:"faultAfterSeconds" env:"SAMPLE_FAULT_AFTER_SECONDS"`
	FaultAfter        string  `json:"faultAfter" env:"SAMPLE_FAULT_AFTER"`

	NeverReady        bool    `json:"neverReady" env:"SAMPLE_NEVER_READY"`
	ReadyAfterSeconds float64 `json:"readyAfterSeconds" env:"SAMPLE_READY_AFTER_SECONDS"`
	// CrashAfterSeconds ends the process with exit code 1; null (the default) never does, 0 at once.
	CrashAfterSeconds *float64 `json:"crashAfterSeconds" env:"SAMPLE_CRASH_AFTER_SECONDS"`
	// DrainSeconds is how long a stopping service goes on serving while it is not ready.
	DrainSeconds float64 `json:"drainSeconds" env:"SAMPLE_DRAIN_SECONDS"`
}

// Load reads the settings file, lays the environment over it and checks the result. Unknown fields are
// errors: a misspelt fault would otherwise be a healthy version.
func Load(file io.Reader, lookup func(string) (string, bool)) (Settings, error) {
	settings := Settings{FaultAfter: AfterStart, DrainSeconds: 2}
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return settings, fmt.Errorf("settings file: %w", err)
	}
	return settings, errors.Join(settings.override(lookup), settings.check())
}

func (s *Settings) override(lookup func(string) (string, bool)) error {
	var problems []error
	value := reflect.ValueOf(s).Elem()
	for i := range value.NumField() {
		name := value.Type().Field(i).Tag.Get("env")
		text, found := lookup(name)
		if !found {
			continue
		}
		if err := assign(value.Field(i), text); err != nil {
			problems = append(problems, fmt.Errorf("%s=%q: %w", name, text, err))
		}
	}
	return errors.Join(problems...)
}

func assign(field reflect.Value, text string) error {
	if field.Kind() == reflect.String {
		field.SetString(text)
		return nil
	}
	return json.NewDecoder(bytes.NewBufferString(strings.TrimSpace(text))).Decode(field.Addr().Interface())
}

func (s *Settings) check() error {
	var problems []error
	refuse := func(bad bool, field, remedy string) {
		if bad {
			problems = append(problems, fmt.Errorf("%s: %s", field, remedy))
		}
	}
	refuse(s.Version == "", "version", "must not be empty")
	refuse(s.ErrorRatio < 0 || s.ErrorRatio > 1, "errorRatio", "must lie between 0 and 1")
	refuse(s.IncompleteRatio < 0 || s.IncompleteRatio > 1, "incompleteRatio", "must lie between 0 and 1")
	refuse(s.ClientErrorShare < 0 || s.ClientErrorShare > 1, "clientErrorShare", "must lie between 0 and 1")
	refuse(s.Burst < 0, "burst", "must not be negative")
	refuse(s.DelayMs < 0, "delayMs", "must not be negative")
	refuse(s.FaultAfterSeconds < 0, "faultAfterSeconds", "must not be negative")
	refuse(s.ReadyAfterSeconds < 0, "readyAfterSeconds", "must not be negative")
	refuse(s.DrainSeconds < 0, "drainSeconds", "must not be negative")
	refuse(s.CrashAfterSeconds != nil && *s.CrashAfterSeconds < 0, "crashAfterSeconds", "must not be negative")
	refuse(s.FaultAfter != AfterStart && s.FaultAfter != AfterFirstRequest,
		"faultAfter", fmt.Sprintf("must be %q or %q", AfterStart, AfterFirstRequest))
	return errors.Join(problems...)
}

func seconds(value float64) time.Duration {
	return time.Duration(value * float64(time.Second))
}
