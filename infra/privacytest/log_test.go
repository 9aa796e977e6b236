package privacytest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// stub is a package's tests, which return an exit code.
type stub func() int

func (s stub) Run() int { return s() }

func TestRunFailsIfPersonalDataIsLogged(t *testing.T) {
	const email = "juana.canaria.quix@example.com"
	tests := map[string]func(r *recorder){
		"attribute":         func(*recorder) { slog.Info("request", "email", email) },
		"debug line":        func(*recorder) { slog.Debug("Juana Canaria") },
		"package log":       func(*recorder) { log.Print("created ana@example.com") },
		"standard error":    func(*recorder) { fmt.Fprint(os.Stderr, "CANARYNAME") },
		"phone":             func(*recorder) { slog.Info("request", "error", "+56900000001 is taken") },
		"document":          func(*recorder) { slog.Info("request", "error", "RUT 11.111.111-1") },
		"field of a struct": func(*recorder) { slog.Info("request", "body", struct{ Name string }{"Martina"}) },
		"percent escapes":   func(*recorder) { slog.Info("request", "path", "/identities?email=ana%40example.com") },
		"hex":               func(*recorder) { slog.Info("request", "value", fmt.Sprintf("%x", email)) },
		"base64":            func(*recorder) { slog.Info("request", "value", base64.StdEncoding.EncodeToString([]byte(email))) },
		"base64, shifted":   func(*recorder) { slog.Info("request", "value", base64.URLEncoding.EncodeToString([]byte("a"+email))) },
		"base64, shifted two": func(*recorder) {
			slog.Info("request", "value", base64.RawStdEncoding.EncodeToString([]byte("ab"+email)))
		},
		"two writes": func(r *recorder) {
			for _, part := range []string{"{\"name\":\"cana", "ria\"}"} {
				_, _ = r.Write([]byte(part))
			}
		},
	}
	for name, logs := range tests {
		t.Run(name, func(t *testing.T) {
			code, out := runStub(func(r *recorder) int { logs(r); return 0 })
			if code != 1 || !strings.Contains(out, "FAIL: personal data in the log") {
				t.Errorf("exit code = %d, want 1; output %q", code, out)
			}
		})
	}
}

func TestRunPassesIfNoPersonalDataIsLogged(t *testing.T) {
	for want := range 3 {
		code, out := runStub(func(*recorder) int {
			slog.Info("request", "operation", "create-identity", "status", 201, "client", "client-1", "us", 56912345)
			return want
		})
		if code != want || out != "" {
			t.Errorf("exit code = %d, want %d of the tests; output %q", code, want, out)
		}
	}
}

func runStub(tests func(r *recorder) int) (code int, out string) {
	var b bytes.Buffer
	r := &recorder{}
	code = run(stub(func() int { return tests(r) }), r, &b)
	return code, b.String()
}

func TestCaptureReturnsWhatIsLoggedAndPrinted(t *testing.T) {
	got := Capture(t, func() {
		slog.Debug("by slog")
		log.Print("by log")
		fmt.Print("to stdout")
		fmt.Fprint(os.Stderr, "to stderr")
	})
	for _, want := range []string{`"msg":"by slog"`, `"msg":"by log"`, "to stdout", "to stderr"} {
		if !strings.Contains(got, want) {
			t.Errorf("captured %q, want %q in it", got, want)
		}
	}
}

func TestMarkersAreNotPartsOfRandomIDs(t *testing.T) {
	const base32 = "0123456789abcdefghjkmnpqrstvwxyz" // of clients and keys
	for _, marker := range markers {
		if len(marker) < 6 && strings.Trim(marker, base32) == "" {
			t.Errorf("marker %q can occur in a random ID, want at least 6 characters or one that no ID has", marker)
		}
	}
}
