package datadir

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newFolder returns a folder that was opened once.
func newFolder(t *testing.T) string {
	t.Helper()
	path := t.TempDir()
	mustOpen(t, path, func(*Dir) {})
	return path
}

// mustOpen opens a folder, calls do and closes it.
func mustOpen(t *testing.T, path string, do func(*Dir)) {
	t.Helper()
	d, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	do(d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustReadFile(t *testing.T, path, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// harm damages a data folder.
type harm func(t *testing.T, path string)

// writeFile replaces the files that match a pattern.
func writeFile(pattern, content string) harm {
	return func(t *testing.T, path string) {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(path, pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("no file %s", pattern)
		}
		for _, name := range names {
			if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func remove(names ...string) harm {
	return func(t *testing.T, path string) {
		t.Helper()
		for _, name := range names {
			if err := os.RemoveAll(filepath.Join(path, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// replaceFrom replaces a file or a folder by another data folder's, and removes others.
func replaceFrom(other, name string, removed ...string) harm {
	return func(t *testing.T, path string) {
		t.Helper()
		remove(append(removed, name)...)(t, path)
		if out, err := exec.Command("cp", "-R", filepath.Join(other, name), path).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

func replaceByFolder(name string) harm {
	return func(t *testing.T, path string) {
		t.Helper()
		remove(name)(t, path)
		if err := os.MkdirAll(filepath.Join(path, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// editSandbox changes sandbox.env.
func editSandbox(change func(lines string) string) harm {
	return func(t *testing.T, path string) {
		t.Helper()
		writeFile(SandboxFile, change(mustReadFile(t, path, SandboxFile)))(t, path)
	}
}

func replaceInSandbox(from, to string) harm {
	return editSandbox(func(lines string) string { return strings.ReplaceAll(lines, from, to) })
}
