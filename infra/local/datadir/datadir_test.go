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

	"cedula/shared/auth"
	"cedula/shared/encryption"
	"cedula/shared/store"
	"cedula/shared/table"
)

// wantRejected checks that a folder is not opened, that the error has these parts, and that no file changes. The table's
// own files are not compared: the engine renames them.
func wantRejected(t *testing.T, path string, parts ...string) {
	t.Helper()
	files := func() map[string]string {
		all := map[string]string{}
		for _, name := range []string{SecretFile, signerFile, previousSignerFile, dataKeyFile, SandboxFile} {
			content, err := os.ReadFile(filepath.Join(path, name))
			all[name] = string(content)
			if err != nil {
				all[name] = "missing"
			}
		}
		return all
	}
	before := files()
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
	if !maps.Equal(before, files()) {
		t.Errorf("files changed, want them as they were")
	}
}

func TestDamagedAndMismatchedFilesAreRejected(t *testing.T) {
	other := newFolder(t)
	foreign := strings.SplitAfter(mustReadFile(t, other, SandboxFile), "\n")
	oneForeignKey := editSandbox(func(lines string) string {
		return strings.Join(slices.Concat(strings.SplitAfter(lines, "\n")[:3], foreign[3:]), "")
	})
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
		{"credentials cut off", writeFile(SandboxFile, "{"), []string{"sandbox.env is damaged; remove it"}},
		{"credentials emptied", writeFile(SandboxFile, ""), []string{"sandbox.env is damaged"}},
		{"credentials with CRs", replaceInSandbox("\n", "\r\n"), []string{"sandbox.env is damaged"}},
		{"credentials with a space", replaceInSandbox("KEY=", "KEY= "), []string{"sandbox.env is damaged"}},
		{"credentials with a line more", replaceInSandbox("BLNK_KEY", "X=y\nBLNK_KEY"), []string{"sandbox.env is damaged"}},
		{"credentials with quotes", replaceInSandbox("=", "=\""), []string{"sandbox.env is damaged"}},
		{"manifest of the table", writeFile(TableDir+"/MANIFEST-*", "garbage"), []string{"cannot open the data"}},
		{"table removed", remove(TableDir), []string{"table is missing", "sandbox.env", "remove all of"}},
		{"table emptied", replaceByFolder(TableDir), []string{"sandbox.env does not belong to", "remove it to have a new client"}},
		{"table of another", replaceFrom(other, TableDir), mismatch},
		{"secret of another", replaceFrom(other, SecretFile), mismatch},
		{"secret of another, no credentials", replaceFrom(other, SecretFile, SandboxFile), mismatch},
		{"secret of another, no token key", replaceFrom(other, SecretFile, signerFile), mismatch},
		{"secret removed", remove(SecretFile), []string{"secret is missing", "put it back"}},
		{"secret and table removed", remove(SecretFile, TableDir), []string{"secret is missing", "remove all of"}},
		{"data key removed", remove(dataKeyFile), []string{"data-key is missing", "put it back", "remove all of"}},
		{"data key of another", replaceFrom(other, dataKeyFile), mismatch},
		{"credentials of another", replaceFrom(other, SandboxFile), []string{"sandbox.env does not belong to", "remove it to have a new client"}},
		{"lock replaced by a folder", replaceByFolder(lockFile), []string{"cannot open the data", "is a directory"}},
		{"secret replaced by a folder", replaceByFolder(SecretFile), []string{"is a directory"}},
		{"one key of another", oneForeignKey, []string{"sandbox.env does not belong to"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := newFolder(t)
			tt.harm(t, path)
			wantRejected(t, path, tt.want...)
		})
	}
}

// TestReplaceableFilesMayBeMissing: what was written is read after a restart without one of them.
// TestSandboxClientMayBeSuspended: the credentials are those of a client in the table, though no longer valid.
func TestSandboxClientMayBeSuspended(t *testing.T) {
	path := newFolder(t)
	var before Credentials
	mustOpen(t, path, func(d *Dir) {
		before = d.Sandbox
		admin := &auth.Admin{AdminStore: store.New(d.Table, d.Secret), Hasher: auth.NewHasher(d.Secret), APIs: APIs}
		if _, err := admin.SetSuspended(t.Context(), before.ClientID, true); err != nil {
			t.Fatal(err)
		}
	})
	mustOpen(t, path, func(d *Dir) {
		if d.Sandbox != before {
			t.Errorf("credentials = %+v, want %+v", d.Sandbox, before)
		}
	})
}

func TestReplaceableFilesMayBeMissing(t *testing.T) {
	for _, name := range []string{signerFile, SandboxFile, TableDir + "/LOCK", lockFile} {
		path := newFolder(t)
		key := table.Key{PK: "P", SK: "S"}
		var before Credentials
		mustOpen(t, path, func(d *Dir) {
			before = d.Sandbox
			_, wrapped, err := d.DataKey.GenerateDataKey(t.Context(), "tenant")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Table.Write(t.Context(), table.Put(table.Item{Key: key, Version: 1, Body: wrapped}, table.Absent())); err != nil {
				t.Fatal(err)
			}
		})
		remove(name)(t, path)
		mustOpen(t, path, func(d *Dir) {
			found, err := d.Table.Get(t.Context(), true, key)
			if err != nil || len(found.Items) != 1 {
				t.Fatalf("without %s: %d items, %v, want the item that was written", name, len(found.Items), err)
			}
			if _, err := d.DataKey.Unwrap(t.Context(), "tenant", found.Items[0].Body); err != nil {
				t.Errorf("without %s: the data key does not unwrap what it wrapped: %v", name, err)
			}
			if kept := before == d.Sandbox; kept != (name != SandboxFile) {
				t.Errorf("without %s: the sandbox client was kept = %t, want %t", name, kept, !kept)
			}
		})
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
	key := strings.Repeat("k", encryption.KeySize)
	for name, content := range map[string]string{dataKeyFile: key, SecretFile + tempSuffix: "half"} {
		if err := os.WriteFile(filepath.Join(path, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustOpen(t, path, func(*Dir) {})
	if got := mustReadFile(t, path, dataKeyFile); got != key {
		t.Errorf("data key = %q, want the one that was there: %q", got, key)
	}
	if left, _ := filepath.Glob(filepath.Join(path, "*"+tempSuffix)); len(left) > 0 {
		t.Errorf("temporary files = %v, want none", left)
	}
}

func TestCreateNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	f, err := openFolder(path)
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
	if got := mustReadFile(t, path, "file"); got != "first" {
		t.Errorf("content = %q, want first", got)
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
		won := slices.Index(errs[:], nil)
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
	for _, name := range []string{"", SecretFile, dataKeyFile, SandboxFile, signerFile, TableDir, TableDir + "/LOCK"} {
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
