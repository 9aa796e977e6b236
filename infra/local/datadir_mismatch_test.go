package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMismatchedFilesAreRejected: a server whose printed credentials would not
// work does not start, says what to do, and changes nothing of the data.
func TestMismatchedFilesAreRejected(t *testing.T) {
	foreign := t.TempDir()
	if err := startServer(t, foreign).stop(t); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		harm func(t *testing.T, folder string)
		want []string
	}{
		{"table removed", removeFile("table"), []string{"table is missing", "sandbox.env", "remove all of"}},
		{"table emptied", emptyDir("table"), []string{"sandbox.env does not belong to", "remove it to have a new client"}},
		{"table of another", replaceFrom(foreign, "table"), []string{"secret and", "table do not belong together", "remove all of"}},
		{"secret of another", replaceFrom(foreign, "secret"), []string{"secret and", "table do not belong together", "remove all of"}},
		{"secret of another, no credentials", inSequence(replaceFrom(foreign, "secret"), removeFile("sandbox.env")), []string{"do not belong together"}},
		{"secret of another, no token key", inSequence(replaceFrom(foreign, "secret"), removeFile("token-key.pem")), []string{"do not belong together"}},
		{"secret removed", removeFile("secret"), []string{"secret is missing", "put it back"}},
		{"secret and table removed", inSequence(removeFile("secret"), removeFile("table")), []string{"secret is missing", "remove all of"}},
		{"data key removed", removeFile("data-key"), []string{"data-key is missing", "put it back", "remove all of"}},
		{"data key of another", replaceFrom(foreign, "data-key"), []string{"data-key and", "table do not belong together", "remove all of"}},
		{"credentials of another", replaceFrom(foreign, "sandbox.env"), []string{"sandbox.env does not belong to", "remove it to have a new client"}},
		{"one key of another", mixCredentials(foreign), []string{"sandbox.env does not belong to"}},
		{"credentials with CRs", editCredentials("\n", "\r\n"), []string{"sandbox.env is damaged", "remove it"}},
		{"credentials with a space", editCredentials("KEY=", "KEY= "), []string{"sandbox.env is damaged"}},
		{"credentials with a line more", editCredentials("BLNK_KEY", "X=y\nBLNK_KEY"), []string{"sandbox.env is damaged"}},
		{"credentials with quotes", editCredentials("=", "=\""), []string{"sandbox.env is damaged"}},
		{"credentials emptied", editCredentials("", ""), []string{"sandbox.env is damaged"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := startServer(t, folder).stop(t); err != nil {
				t.Fatal(err)
			}
			tt.harm(t, folder)
			before := readContents(t, folder)
			said := wantStartFailure(t, newServerCommand(folder, "localhost:0", "localhost:0"))
			wantContains(t, said, append(tt.want, folder)...)
			if !maps.EqualFunc(before, readContents(t, folder), bytes.Equal) {
				t.Errorf("files changed")
			}
		})
	}
}

// TestReplaceableFilesMayBeMissing: the server starts without these files, and with all data.
func TestReplaceableFilesMayBeMissing(t *testing.T) {
	for _, name := range []string{"token-key.pem", "sandbox.env", "table/LOCK", "lock"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			s := startServer(t, folder)
			before := s.credentials
			made := call(t, "POST", s.blnk+"/identities", `{"first_name":"A"}`, "X-blnk-key", s.credentials.BlnkKey)
			if err := s.stop(t); err != nil {
				t.Fatal(err)
			}
			removeFile(name)(t, folder)
			s = startServer(t, folder)
			s.token(t)
			if (s.credentials == before) == (name == "sandbox.env") {
				t.Errorf("the client's credentials: %t", s.credentials == before)
			}
			got := call(t, "GET", s.blnk+"/identities/"+jsonField(t, made, "identity_id"), "", "X-blnk-key", s.credentials.BlnkKey)
			if !bytes.Equal(got.body, made.body) {
				t.Errorf("%d %s, want %s", got.status, got.body, made.body)
			}
			if err := s.stop(t); err != nil {
				t.Error(err)
			}
		})
	}
}

// readContents are the files beside the table's; those the engine renames.
func readContents(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	for path := range listFiles(t, folder) {
		if filepath.Dir(path) != folder {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[path] = content
	}
	return all
}

func removeFile(name string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func emptyDir(name string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		removeFile(name)(t, folder)
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// replaceFrom puts another folder's file or folder in the place of this one's.
func replaceFrom(other, name string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		removeFile(name)(t, folder)
		source, target := filepath.Join(other, name), filepath.Join(folder, name)
		content, err := os.ReadFile(source)
		if err == nil {
			err = os.WriteFile(target, content, 0o600)
		} else {
			err = os.CopyFS(target, os.DirFS(source))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func inSequence(first, second func(*testing.T, string)) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		first(t, folder)
		second(t, folder)
	}
}

// editCredentials replaces in sandbox.env; what is empty stands for everything.
func editCredentials(from, to string) func(*testing.T, string) {
	return rewriteCredentials(func(_ *testing.T, text string) string {
		if from == "" {
			return to
		}
		return strings.ReplaceAll(text, from, to)
	})
}

// mixCredentials takes the last key from another client's sandbox.env.
func mixCredentials(other string) func(*testing.T, string) {
	return rewriteCredentials(func(t *testing.T, text string) string {
		foreign, err := os.ReadFile(filepath.Join(other, sandboxFile))
		if err != nil {
			t.Fatal(err)
		}
		lines, theirs := strings.Split(text, "\n"), strings.Split(string(foreign), "\n")
		return strings.Join(slices.Concat(lines[:3], theirs[3:]), "\n")
	})
}

func rewriteCredentials(how func(*testing.T, string) string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		path := filepath.Join(folder, sandboxFile)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(how(t, string(content))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
