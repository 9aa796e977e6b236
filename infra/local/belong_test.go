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

// TestWhatDoesNotBelongTogether: a server whose printed credentials would not
// work does not start, says what to do, and changes nothing of the data.
func TestWhatDoesNotBelongTogether(t *testing.T) {
	foreign := t.TempDir()
	if err := start(t, foreign).end(t); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		harm func(t *testing.T, folder string)
		want []string
	}{
		{"table removed", remove("table"), []string{"table is missing", "sandbox.env", "remove all of"}},
		{"table emptied", emptied("table"), []string{"sandbox.env does not belong to", "remove it to have a new client"}},
		{"table of another", from(foreign, "table"), []string{"secret and", "table do not belong together", "remove all of"}},
		{"secret of another", from(foreign, "secret"), []string{"secret and", "table do not belong together", "remove all of"}},
		{"secret of another, no credentials", both(from(foreign, "secret"), remove("sandbox.env")), []string{"do not belong together"}},
		{"secret of another, no token key", both(from(foreign, "secret"), remove("token-key.pem")), []string{"do not belong together"}},
		{"secret removed", remove("secret"), []string{"secret is missing", "put it back"}},
		{"secret and table removed", both(remove("secret"), remove("table")), []string{"secret is missing", "remove all of"}},
		{"data key removed", remove("data-key"), []string{"data-key is missing", "put it back", "remove all of"}},
		{"data key of another", from(foreign, "data-key"), []string{"data-key and", "table do not belong together", "remove all of"}},
		{"credentials of another", from(foreign, "sandbox.env"), []string{"sandbox.env does not belong to", "remove it to have a new client"}},
		{"one key of another", mixed(foreign), []string{"sandbox.env does not belong to"}},
		{"credentials with CRs", edited("\n", "\r\n"), []string{"sandbox.env is damaged", "remove it"}},
		{"credentials with a space", edited("KEY=", "KEY= "), []string{"sandbox.env is damaged"}},
		{"credentials with a line more", edited("BLNK_KEY", "X=y\nBLNK_KEY"), []string{"sandbox.env is damaged"}},
		{"credentials with quotes", edited("=", "=\""), []string{"sandbox.env is damaged"}},
		{"credentials emptied", edited("", ""), []string{"sandbox.env is damaged"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := start(t, folder).end(t); err != nil {
				t.Fatal(err)
			}
			tt.harm(t, folder)
			before := contents(t, folder)
			said := fails(t, command(folder, "localhost:0", "localhost:0"))
			wantIn(t, said, append(tt.want, folder)...)
			if !maps.EqualFunc(before, contents(t, folder), bytes.Equal) {
				t.Errorf("files changed")
			}
		})
	}
}

// TestHarmlessLosses: the server starts without these files, and with all data.
func TestHarmlessLosses(t *testing.T) {
	for _, name := range []string{"token-key.pem", "sandbox.env", "table/LOCK", "lock"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			s := start(t, folder)
			before := s.client
			made := call(t, "POST", s.blnk+"/identities", `{"first_name":"A"}`, "X-blnk-key", s.client.BlnkKey)
			if err := s.end(t); err != nil {
				t.Fatal(err)
			}
			remove(name)(t, folder)
			s = start(t, folder)
			s.token(t)
			if (s.client == before) == (name == "sandbox.env") {
				t.Errorf("the client's credentials: %t", s.client == before)
			}
			got := call(t, "GET", s.blnk+"/identities/"+field(t, made, "identity_id"), "", "X-blnk-key", s.client.BlnkKey)
			if !bytes.Equal(got.body, made.body) {
				t.Errorf("%d %s, want %s", got.status, got.body, made.body)
			}
			if err := s.end(t); err != nil {
				t.Error(err)
			}
		})
	}
}

// contents are the files beside the table's; those the engine renames.
func contents(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	for path := range listing(t, folder) {
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

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func emptied(name string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		remove(name)(t, folder)
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// from puts another folder's file or folder in the place of this one's.
func from(other, name string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		remove(name)(t, folder)
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

func both(first, second func(*testing.T, string)) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		first(t, folder)
		second(t, folder)
	}
}

// edited replaces in sandbox.env; what is empty stands for everything.
func edited(from, to string) func(*testing.T, string) {
	return change(func(_ *testing.T, text string) string {
		if from == "" {
			return to
		}
		return strings.ReplaceAll(text, from, to)
	})
}

// mixed takes the last key from another client's sandbox.env.
func mixed(other string) func(*testing.T, string) {
	return change(func(t *testing.T, text string) string {
		foreign, err := os.ReadFile(filepath.Join(other, sandboxFile))
		if err != nil {
			t.Fatal(err)
		}
		lines, theirs := strings.Split(text, "\n"), strings.Split(string(foreign), "\n")
		return strings.Join(slices.Concat(lines[:3], theirs[3:]), "\n")
	})
}

func change(how func(*testing.T, string) string) func(*testing.T, string) {
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
