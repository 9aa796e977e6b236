package datadir

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"cedula/shared/encryption"
	"cedula/shared/table"
)

// harm damages a data folder.
type harm func(t *testing.T, path string)

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

// wantRejected checks that a folder is not opened, that the error has these parts, and that no file changes.
func wantRejected(t *testing.T, path string, parts ...string) {
	t.Helper()
	before := readFiles(t, path)
	d, err := Open(t.Context(), path)
	if err == nil {
		_ = d.Close()
		t.Fatalf("Open(%s) = no error, want one", path)
	}
	for _, want := range append(parts, path) {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error = %q, want one with %q", err, want)
		}
	}
	if !maps.EqualFunc(before, readFiles(t, path), bytes.Equal) {
		t.Errorf("files changed, want them as they were")
	}
}

// readFiles reads the files that are not the table's, which the engine renames.
func readFiles(t *testing.T, path string) map[string][]byte {
	t.Helper()
	names, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, n := range names {
		if content, err := os.ReadFile(filepath.Join(path, n.Name())); err == nil {
			all[n.Name()] = content
		}
	}
	return all
}

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

func emptyTable(t *testing.T, path string) {
	t.Helper()
	remove(TableDir)(t, path)
	if err := os.Mkdir(filepath.Join(path, TableDir), 0o700); err != nil {
		t.Fatal(err)
	}
}

// replaceFrom replaces a file or a folder by another data folder's, and removes others.
func replaceFrom(other, name string, removed ...string) harm {
	return func(t *testing.T, path string) {
		t.Helper()
		remove(append(removed, name)...)(t, path)
		source, target := filepath.Join(other, name), filepath.Join(path, name)
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

// editSandbox replaces in sandbox.env.
func editSandbox(from, to string) harm {
	return func(t *testing.T, path string) {
		t.Helper()
		writeFile(sandboxFile, strings.ReplaceAll(string(readFiles(t, path)[sandboxFile]), from, to))(t, path)
	}
}

// mixSandbox takes the last key of sandbox.env from another client.
func mixSandbox(other string) harm {
	return func(t *testing.T, path string) {
		t.Helper()
		lines := strings.Split(string(readFiles(t, path)[sandboxFile]), "\n")
		foreign := strings.Split(string(readFiles(t, other)[sandboxFile]), "\n")
		writeFile(sandboxFile, strings.Join(slices.Concat(lines[:3], foreign[3:]), "\n"))(t, path)
	}
}

func TestDamagedAndMismatchedFilesAreRejected(t *testing.T) {
	other := newFolder(t)
	mismatch := []string{"do not belong together", "remove all of"}
	for _, tt := range []struct {
		name string
		harm harm
		want []string
	}{
		{"secret cut off", writeFile(SecretFile, "short"), []string{"secret is damaged"}},
		{"data key cut off", writeFile(dataKeyFile, "short"), []string{"data-key is damaged"}},
		{"data key emptied", writeFile(dataKeyFile, ""), []string{"data-key is damaged"}},
		{"token key without PEM", writeFile(signerFile, "garbage"), []string{"token-key.pem is damaged"}},
		{"credentials cut off", writeFile(sandboxFile, "{"), []string{"sandbox.env is damaged; remove it"}},
		{"credentials emptied", writeFile(sandboxFile, ""), []string{"sandbox.env is damaged"}},
		{"credentials with CRs", editSandbox("\n", "\r\n"), []string{"sandbox.env is damaged"}},
		{"credentials with a space", editSandbox("KEY=", "KEY= "), []string{"sandbox.env is damaged"}},
		{"credentials with a line more", editSandbox("BLNK_KEY", "X=y\nBLNK_KEY"), []string{"sandbox.env is damaged"}},
		{"credentials with quotes", editSandbox("=", "=\""), []string{"sandbox.env is damaged"}},
		{"manifest of the table", writeFile(TableDir+"/MANIFEST-*", "garbage"), []string{"cannot open the data"}},
		{"table removed", remove(TableDir), []string{"table is missing", "sandbox.env", "remove all of"}},
		{"table emptied", emptyTable, []string{"sandbox.env does not belong to", "remove it to have a new client"}},
		{"table of another", replaceFrom(other, TableDir), mismatch},
		{"secret of another", replaceFrom(other, SecretFile), mismatch},
		{"secret of another, no credentials", replaceFrom(other, SecretFile, sandboxFile), mismatch},
		{"secret of another, no token key", replaceFrom(other, SecretFile, signerFile), mismatch},
		{"secret removed", remove(SecretFile), []string{"secret is missing", "put it back"}},
		{"secret and table removed", remove(SecretFile, TableDir), []string{"secret is missing", "remove all of"}},
		{"data key removed", remove(dataKeyFile), []string{"data-key is missing", "put it back", "remove all of"}},
		{"data key of another", replaceFrom(other, dataKeyFile), mismatch},
		{"credentials of another", replaceFrom(other, sandboxFile), []string{"sandbox.env does not belong to", "remove it to have a new client"}},
		{"one key of another", mixSandbox(other), []string{"sandbox.env does not belong to"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := newFolder(t)
			tt.harm(t, path)
			wantRejected(t, path, tt.want...)
		})
	}
}

func TestReplaceableFilesMayBeMissing(t *testing.T) {
	for _, name := range []string{signerFile, sandboxFile, TableDir + "/LOCK", lockFile} {
		path := newFolder(t)
		var before, after Credentials
		key := table.Key{PK: "P", SK: "S"}
		mustOpen(t, path, func(d *Dir) {
			before = d.Sandbox
			if _, err := d.Table.Write(t.Context(), table.Put(table.Item{Key: key, Version: 1}, table.Absent())); err != nil {
				t.Fatal(err)
			}
		})
		remove(name)(t, path)
		mustOpen(t, path, func(d *Dir) {
			after = d.Sandbox
			if found, err := d.Table.Get(t.Context(), true, key); err != nil || len(found.Items) != 1 {
				t.Errorf("without %s: %d items, %v, want the item that was written", name, len(found.Items), err)
			}
		})
		if kept := before == after; kept != (name != sandboxFile) {
			t.Errorf("without %s: the sandbox client was kept = %t, want %t", name, kept, !kept)
		}
	}
}

func TestPreviousSigningKeyIsRead(t *testing.T) {
	path := newFolder(t)
	if err := os.Rename(filepath.Join(path, signerFile), filepath.Join(path, previousSignerFile)); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, path, func(d *Dir) {
		if d.PreviousSigner == nil || bytes.Equal(d.PreviousSigner.PEM(), d.Signer.PEM()) {
			t.Error("the previous key was not read, or is the new one")
		}
	})
	writeFile(previousSignerFile, "garbage")(t, path)
	wantRejected(t, path, previousSignerFile+" is damaged")
}

func TestDataKeyIsKept(t *testing.T) {
	path := t.TempDir()
	var wrapped []byte
	mustOpen(t, path, func(d *Dir) {
		var err error
		if _, wrapped, err = d.DataKey.GenerateDataKey(t.Context(), "tenant"); err != nil {
			t.Fatal(err)
		}
	})
	mustOpen(t, path, func(d *Dir) {
		if _, err := d.DataKey.Unwrap(t.Context(), "tenant", wrapped); err != nil {
			t.Errorf("unwrap after a restart: %v", err)
		}
	})
}

func TestFolderWithoutDataKeyIsUpgraded(t *testing.T) {
	path := t.TempDir()
	mustOpen(t, path, func(d *Dir) {
		if _, err := d.Table.Write(t.Context(), table.Delete(dataKeyCheckKey, table.Exists())); err != nil {
			t.Fatal(err)
		}
	})
	remove(dataKeyFile)(t, path)
	mustOpen(t, path, func(*Dir) {})
	remove(dataKeyFile)(t, path)
	wantRejected(t, path, "data-key is missing")
}

func TestInterruptedCreationIsCompleted(t *testing.T) {
	path := t.TempDir()
	f, err := openFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, encryption.KeySize)
	if err := errors.Join(f.create(dataKeyFile, key), f.Close()); err != nil {
		t.Fatal(err)
	}
	writeTemp := filepath.Join(path, ".new-123")
	if err := os.WriteFile(writeTemp, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, path, func(*Dir) {})
	files := readFiles(t, path)
	if !bytes.Equal(files[dataKeyFile], key) {
		t.Error("the data key was replaced")
	}
	if _, left := files[".new-123"]; left {
		t.Errorf("%s is still there", writeTemp)
	}
}

func TestFolderNameIsNoPattern(t *testing.T) {
	for _, name := range []string{"a[b", "x[1]", "data*"} {
		parent := t.TempDir()
		other := filepath.Join(parent, "data1", ".new-1")
		left := filepath.Join(parent, name, ".new-1")
		for _, path := range []string{other, left} {
			err := os.MkdirAll(filepath.Dir(path), 0o700)
			if err := errors.Join(err, os.WriteFile(path, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		f, err := openFolder(filepath.Join(parent, name))
		if err != nil {
			t.Errorf("open %s = %v, want no error", name, err)
			continue
		}
		if err := errors.Join(f.removeTempFiles(), f.Close()); err != nil {
			t.Errorf("%s: %v, want no error", name, err)
		}
		if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: its temporary file: %v, want it removed", name, err)
		}
		if _, err := os.Stat(other); err != nil {
			t.Errorf("%s: the other folder's file: %v, want it kept", name, err)
		}
	}
}

func TestCreateNeverReplaces(t *testing.T) {
	f, err := openFolder(filepath.Join(t.TempDir(), "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := f.create("file", []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := f.create("file", []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second create: %v, want %v", err, fs.ErrExist)
	}
	content, err := f.read("file")
	if err != nil || string(content) != "first" {
		t.Errorf("content = %q, %v, want first", content, err)
	}
	if left, _ := filepath.Glob(f.join(tempPattern)); len(left) > 0 {
		t.Errorf("temporary files = %v, want none", left)
	}
}

// TestConcurrentOpens opens a new folder twice at the same time: one succeeds, the other is told why not.
func TestConcurrentOpens(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "new")
		var dirs [2]*Dir
		var errs [2]error
		var both sync.WaitGroup
		for n := range 2 {
			both.Go(func() { dirs[n], errs[n] = Open(context.Background(), path) })
		}
		both.Wait()
		won := slices.IndexFunc(errs[:], func(err error) bool { return err == nil })
		if won < 0 || errs[1-won] == nil {
			t.Fatalf("errors = %v, want one", errs)
		}
		if err := dirs[won].Close(); err != nil {
			t.Error(err)
		}
		if said := errs[1-won].Error(); !strings.Contains(said, "cannot open the data in "+path) || !strings.Contains(said, "another process uses it") {
			t.Errorf("error = %s, want that another process uses %s", said, path)
		}
		mustOpen(t, path, func(*Dir) {})
	}
}

func TestPermissionErrorNamesThePath(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do everything")
	}
	for _, name := range []string{"", SecretFile, dataKeyFile, sandboxFile, signerFile, TableDir, TableDir + "/LOCK"} {
		path := newFolder(t)
		denied := filepath.Join(path, name)
		info, err := os.Stat(denied)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(denied, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(denied, info.Mode()) })
		_, err = Open(t.Context(), path)
		if err == nil || !strings.Contains(err.Error(), denied) || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("error = %v, want that %s may not be read", err, denied)
		}
	}
}
