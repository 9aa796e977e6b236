// Package canary keeps what the tests' processes log, so that all of it can be
// searched for the personal data that the tests send.
// It knows nothing of what is logged.
package canary

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Variable names the folder where lines are kept. Without it none are.
const Variable = "CEDULA_CANARY"

// Suffix is that of the files with the lines, one of each process.
const Suffix = ".lines"

// Handler keeps every line of a package's log; it discards them if they are not
// wanted.
func Handler() slog.Handler {
	if os.Getenv(Variable) == "" {
		return slog.DiscardHandler
	}
	return slog.NewJSONHandler(kept{}, &slog.HandlerOptions{Level: slog.LevelDebug})
}

// Tee keeps what is written to w as well.
func Tee(w io.Writer) io.Writer {
	if os.Getenv(Variable) == "" {
		return w
	}
	return io.MultiWriter(w, kept{})
}

// kept writes to the process's file, and panics where it cannot: lines that are
// lost would count as searched.
type kept struct{}

func (kept) Write(p []byte) (int, error) {
	f, err := file()
	if err == nil {
		_, err = f.Write(p)
	}
	if err != nil {
		panic("canary: " + err.Error())
	}
	return len(p), nil
}

// file is opened once in a process, named for the package that it tests.
var file = sync.OnceValues(func() (*os.File, error) {
	name := Package() + "." + strconv.Itoa(os.Getpid()) + Suffix
	return os.OpenFile(filepath.Join(os.Getenv(Variable), name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
})

// Package is the folder that the process was started in, from the module's root:
// that of the package whose tests it runs. It has "+" for "/".
func Package() string {
	here, err := os.Getwd()
	if err != nil {
		return "unknown"
	}
	for root := here; root != filepath.Dir(root); root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			from, _ := filepath.Rel(root, here)
			return strings.ReplaceAll(filepath.ToSlash(from), "/", "+")
		}
	}
	return "unknown"
}
