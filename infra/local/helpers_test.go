package main

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

func wantContains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in: %s", p, text)
		}
	}
}

// listFiles names every file below a folder.
func listFiles(t *testing.T, folder string) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names[path] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// seedBody is the body of the documentation's request.
func seedBody() string {
	_, body, _ := strings.Cut(conomySeed, "\n\n")
	return body
}
