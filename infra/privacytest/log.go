package privacytest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
)

// markers are parts of the personal data in tests, golden files and sample events,
// in lower case. They occur nowhere else.
var markers = append([]string{
	"@example.com", "%40example.com", `\u0040example.com`, "+569", "%2b569", "11.111.111-1", "quix",
}, encodings("canaria", "canary", "martina", "okafor", "736155281904")...)

// encodings returns each word in plain text, in hex and in base64. Base64 has three
// forms, one for each position that a word can have in a group of three bytes.
func encodings(words ...string) (forms []string) {
	for _, word := range words {
		forms = append(forms, word, hex.EncodeToString([]byte(word)))
		for offset := range 3 {
			encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", offset) + word))
			ours := encoded[(offset*8+5)/6 : (offset+len(word))*8/6] // the characters that no neighbour changes
			forms = append(forms, strings.ToLower(ours))
		}
	}
	return forms
}

// Log receives what a test process logs. A test that replaces the default logger,
// or that starts a process, writes to Log too.
var Log io.Writer = recorded

var recorded = &recorder{}

// recorder checks lines and keeps those that contain personal data.
type recorder struct {
	mu    sync.Mutex
	rest  []byte // a line without its end
	leaks []string
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rest = append(r.rest, p...)
	end := bytes.LastIndexByte(r.rest, '\n') + 1
	r.check(r.rest[:end])
	r.rest = append([]byte(nil), r.rest[end:]...)
	return len(p), nil
}

func (r *recorder) check(lines []byte) {
	for line := range bytes.Lines(lines) {
		lower := strings.ToLower(string(line))
		for _, marker := range markers {
			if strings.Contains(lower, marker) {
				r.leaks = append(r.leaks, fmt.Sprintf("%q in %.500s", marker, bytes.TrimSpace(line)))
			}
		}
	}
}

// close checks the last line and returns the leaks.
func (r *recorder) close() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.check(r.rest)
	r.rest = nil
	return r.leaks
}

// Run runs the tests of a package and returns the exit code for TestMain. It fails if
// what the process logged, or wrote to os.Stderr, contains personal data. It does not
// look at os.Stdout, to which package testing writes failures.
func Run(tests interface{ Run() int }) int {
	return run(tests, recorded, os.Stdout)
}

func run(tests interface{ Run() int }, r *recorder, out io.Writer) int {
	code := 1
	written, err := capture(func() {
		defer setLog(r)()
		code = tests.Run()
	}, &os.Stderr)
	if err != nil {
		_, _ = fmt.Fprintln(out, "privacytest:", err)
		return 1
	}
	_, _ = os.Stderr.Write(written)
	_, _ = r.Write(written)
	leaks := r.close()
	for _, leak := range leaks {
		_, _ = fmt.Fprintln(out, "FAIL: personal data in the log:", leak)
	}
	if code == 0 && len(leaks) > 0 {
		return 1
	}
	return code
}

// Capture returns what f logs and prints.
func Capture(t testing.TB, f func()) string {
	t.Helper()
	text, err := capture(func() {
		defer SetLog(os.Stderr)()
		f()
	}, &os.Stdout, &os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// capture returns what f writes to the streams.
func capture(f func(), streams ...**os.File) ([]byte, error) {
	file, err := os.CreateTemp("", "privacytest")
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	for _, stream := range streams {
		before := *stream
		*stream = file
		defer func() { *stream = before }()
	}
	f()
	return os.ReadFile(file.Name())
}

// SetLog writes what is logged to w, as JSON lines, until restore is called. Run
// checks it as well.
func SetLog(w io.Writer) (restore func()) { return setLog(io.MultiWriter(w, Log)) }

func setLog(w io.Writer) (restore func()) {
	logger := slog.Default()
	output := log.Writer()
	flags := log.Flags()
	slog.SetDefault(slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return func() {
		slog.SetDefault(logger)
		log.SetOutput(output) // SetDefault has changed both
		log.SetFlags(flags)
	}
}
