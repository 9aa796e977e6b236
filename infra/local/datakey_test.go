package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"cedula/shared/conomy"
	"cedula/shared/encryption"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// TestTokenizedValuesSurviveRestart: the key is kept with the table.
func TestTokenizedValuesSurviveRestart(t *testing.T) {
	folder := t.TempDir()
	ctx := context.Background()
	keys := openTestRegistry(t, folder).withService(t, func(s *registry.Registry) {
		i, err := s.Create(ctx, registry.Draft{
			Tenant: "t", ID: "one", Profile: identity.Profile{FirstName: "Alice"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Tokenize(ctx, registry.Change{Tenant: "t", ID: i.ID}, identity.FieldFirstName); err != nil {
			t.Fatal(err)
		}
	})
	again := openTestRegistry(t, folder).withService(t, func(s *registry.Registry) {
		values, err := s.Detokenize(ctx, "t", "one")
		if err != nil || values[identity.FieldFirstName] != "Alice" {
			t.Errorf("%v, %v", values, err)
		}
	})
	if string(keys) != string(again) {
		t.Error("the key was replaced")
	}
}

// TestDataDirWithoutDataKeyIsUpgraded: it gets a key, and its data stay.
func TestDataDirWithoutDataKeyIsUpgraded(t *testing.T) {
	folder := t.TempDir()
	s := startServer(t, folder)
	made := call(t, "POST", s.blnk+"/identities", `{"first_name":"A"}`, "X-blnk-key", s.credentials.BlnkKey)
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	deleteDataKey(t, folder)
	s = startServer(t, folder)
	got := call(t, "GET", s.blnk+"/identities/"+jsonField(t, made, "identity_id"), "", "X-blnk-key", s.credentials.BlnkKey)
	if string(got.body) != string(made.body) {
		t.Errorf("%d %s, want %s", got.status, got.body, made.body)
	}
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	removeFile(dataKeyFile)(t, folder)
	wantContains(t, wantStartFailure(t, newServerCommand(folder, "localhost:0", "localhost:0")), "data-key is missing")
}

// TestInterruptedDataKeyCreationResumes: the making broke off in between, the next start
// goes on with the same key.
func TestInterruptedDataKeyCreationResumes(t *testing.T) {
	folder := t.TempDir()
	f, err := openDataDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, encryption.KeySize)
	if err := errors.Join(f.createFileAtomic(dataKeyFile, key), f.Close()); err != nil {
		t.Fatal(err)
	}
	kept := openTestRegistry(t, folder).withService(t, func(*registry.Registry) {})
	if string(kept) != string(key) {
		t.Error("the key was replaced")
	}
	removeFile(dataKeyFile)(t, folder)
	if _, err := openRegistry(context.Background(), folder); err == nil {
		t.Error("the key has no proof")
	}
}

func openTestRegistry(t *testing.T, folder string) *localRegistry {
	t.Helper()
	d, err := openRegistry(context.Background(), folder)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// withService runs with the core as the server has it, closes the data and
// returns the content of the key's file.
func (d *localRegistry) withService(t *testing.T, do func(*registry.Registry)) []byte {
	t.Helper()
	conomyAPI, _ := d.apis()
	do(conomyAPI.dialect.(*conomy.API).Identities)
	key, err := d.dir.read(dataKeyFile)
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	return key
}

// deleteDataKey makes a folder what it was before there was a data key.
func deleteDataKey(t *testing.T, folder string) {
	t.Helper()
	removeFile(dataKeyFile)(t, folder)
	db, err := pebble.Open(folder+"/"+tableDir, store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = db.Write(ctx, table.Delete(dataKeyCheckKey, table.Exists()))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
