package pebble

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// liveLogsFile lists the logs of the folder. Its first line is the engine's newest options file, which each opening creates:
// if it is not the newest any more, a program that does not keep the list has opened the folder since.
const liveLogsFile = "LOGS"

// liveLogs keeps the list of the logs, so that the next start misses one that was removed: the engine takes the logs that it
// finds for all that there are.
type liveLogs struct {
	dir  string
	mu   sync.Mutex
	file *os.File // nil: the list is not kept
}

// missingLog returns the name of a log that the list has and the folder does not, or "".
func missingLog(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, liveLogsFile))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	files, err := fileNames(dir)
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(text), "\n")
	if lines[0] != newestOptions(files) {
		return "", nil
	}
	live := map[string]bool{}
	for _, line := range lines[1 : len(lines)-1] { // what follows the last line break was not completed
		name, added := strings.CutPrefix(line, "+")
		live[strings.TrimPrefix(name, "-")] = added
	}
	for name, isLive := range live {
		if isLive && !slices.Contains(files, name) {
			return name, nil
		}
	}
	return "", nil
}

func fileNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// newestOptions returns the name of the newest options file among sorted names.
func newestOptions(files []string) string {
	newest := ""
	for _, name := range files {
		if strings.HasPrefix(name, "OPTIONS-") && len(name) >= len(newest) {
			newest = name
		}
	}
	return newest
}

func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

// begin removes an outdated file, writes the list of the logs that the folder has now, and keeps it from then on.
func (l *liveLogs) begin(outdated string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := os.RemoveAll(filepath.Join(l.dir, outdated)); err != nil {
		return err
	}
	files, err := fileNames(l.dir)
	if err != nil {
		return err
	}
	list := newestOptions(files) + "\n"
	for _, name := range files {
		if isLog(name) {
			list += "+" + name + "\n"
		}
	}
	path := filepath.Join(l.dir, liveLogsFile)
	if err := writeDurably(path, list); err != nil {
		return err
	}
	l.file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	return err
}

// writeDurably replaces a file, or creates it, as one step.
func writeDurably(path, text string) error {
	temporary := path + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(temporary, path), syncDir(filepath.Dir(path)))
}

// add adds a new log to the list.
func (l *liveLogs) add(path string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.record("+", path)
}

// remove removes a log from the list and makes a call that removes it from the folder. In between the log may be there
// without being listed, but never the other way round.
func (l *liveLogs) remove(path string, call func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.record("-", path); err != nil {
		return err
	}
	return call()
}

func (l *liveLogs) record(sign, path string) error {
	if l.file == nil {
		return nil
	}
	if _, err := fmt.Fprintln(l.file, sign+filepath.Base(path)); err != nil {
		return err
	}
	return l.file.Sync()
}

func (l *liveLogs) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
