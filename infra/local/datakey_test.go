package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"cedula/shared/conomy"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/embedded"
	"cedula/shared/vault"
)

// TestTokenizedValuesOutliveARestart: the key is kept with the table.
func TestTokenizedValuesOutliveARestart(t *testing.T) {
	folder := t.TempDir()
	ctx := context.Background()
	keys := open(t, folder).identities(t, func(s *identity.Service) {
		i, err := s.Create(ctx, identity.Draft{
			Tenant: "t", ID: "one", Profile: identity.Profile{FirstName: "Alice"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Tokenize(ctx, identity.Change{Tenant: "t", ID: i.ID}, identity.FieldFirstName); err != nil {
			t.Fatal(err)
		}
	})
	again := open(t, folder).identities(t, func(s *identity.Service) {
		values, err := s.Detokenize(ctx, "t", "one")
		if err != nil || values[identity.FieldFirstName] != "Alice" {
			t.Errorf("%v, %v", values, err)
		}
	})
	if string(keys) != string(again) {
		t.Error("the key was replaced")
	}
}

// TestFolderFromBeforeTokenization: it gets a key, and its data stay.
func TestFolderFromBeforeTokenization(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder)
	made := call(t, "POST", s.blnk+"/identities", `{"first_name":"A"}`, "X-blnk-key", s.client.BlnkKey)
	if err := s.end(t); err != nil {
		t.Fatal(err)
	}
	forgetDataKey(t, folder)
	s = start(t, folder)
	got := call(t, "GET", s.blnk+"/identities/"+field(t, made, "identity_id"), "", "X-blnk-key", s.client.BlnkKey)
	if string(got.body) != string(made.body) {
		t.Errorf("%d %s, want %s", got.status, got.body, made.body)
	}
	if err := s.end(t); err != nil {
		t.Fatal(err)
	}
	remove(dataKeyFile)(t, folder)
	wantIn(t, fails(t, command(folder, "localhost:0", "localhost:0")), "data-key is missing")
}

// TestDataKeyWithoutItsProof: the making broke off in between, the next start
// goes on with the same key.
func TestDataKeyWithoutItsProof(t *testing.T) {
	folder := t.TempDir()
	f, err := openFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, vault.KeySize)
	if err := errors.Join(f.publish(dataKeyFile, key), f.Close()); err != nil {
		t.Fatal(err)
	}
	kept := open(t, folder).identities(t, func(*identity.Service) {})
	if string(kept) != string(key) {
		t.Error("the key was replaced")
	}
	remove(dataKeyFile)(t, folder)
	if _, err := openData(context.Background(), folder); err == nil {
		t.Error("the key has no proof")
	}
}

func open(t *testing.T, folder string) *data {
	t.Helper()
	d, err := openData(context.Background(), folder)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// identities runs with the core as the server has it, closes the data and
// returns the content of the key's file.
func (d *data) identities(t *testing.T, do func(*identity.Service)) []byte {
	t.Helper()
	conomyAPI, _ := d.apis()
	do(conomyAPI.dialect.(*conomy.API).Identities)
	key, err := d.folder.read(dataKeyFile)
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	return key
}

// forgetDataKey makes a folder what it was before there was a data key.
func forgetDataKey(t *testing.T, folder string) {
	t.Helper()
	remove(dataKeyFile)(t, folder)
	db, err := embedded.Open(folder+"/"+tableFolder, store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = db.Write(ctx, table.Delete(dataKeyProof, table.Exists()))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
