package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"cedula/shared/auth"
	"cedula/shared/table"
)

// apiKeyRecord is an API key as its item's body. Scopes is a pointer since no
// scopes and none of its own are two things.
type apiKeyRecord struct {
	ID              string    `json:"id"`
	Client          string    `json:"cl"`
	API             string    `json:"u"`
	Hash            []byte    `json:"h"`
	Scopes          *[]string `json:"s,omitzero"`
	Name            string    `json:"n,omitzero"`
	Expires         time.Time `json:"x,omitzero"`
	Revoked         time.Time `json:"r,omitzero"`
	Created         time.Time `json:"c"`
	Owner           string    `json:"o,omitzero"`
	RequestedScopes []string  `json:"g,omitempty"`
	CreatedBy       string    `json:"by,omitzero"`
}

// CreateKey writes a key of a client that exists.
func (s *Store) CreateKey(ctx context.Context, k auth.Key) error {
	_, err := s.table.Write(ctx,
		table.Put(apiKeyItem(k, 1), table.Absent()),
		table.Check(clientKey(k.Client), table.Exists()),
	)
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		return wrapAuthErr("create key", err)
	}
	if failed.FailureOf(1) != nil {
		return auth.ErrNotFound
	}
	return auth.ErrAlreadyExists
}

// UpdateKey writes the next version of a key.
func (s *Store) UpdateKey(ctx context.Context, client, id string, change func(*auth.Key) error) (k auth.Key, err error) {
	err = s.updateItem(ctx, "change key", apiKeyKey(client, id), func(item table.Item) (table.Item, error) {
		k, err = decodeAPIKey(item.Body)
		if err != nil {
			return item, err
		}
		err := change(&k)
		return apiKeyItem(k, item.Version+1), err
	})
	return k, err
}

// RevokeKey writes the time from which on a key is refused. One that is refused
// by then already stays as it is.
func (s *Store) RevokeKey(ctx context.Context, client, id string, at time.Time) error {
	_, err := s.UpdateKey(ctx, client, id, func(k *auth.Key) error {
		if !k.Revoked.IsZero() && !k.Revoked.After(at) {
			return errUnchanged
		}
		k.Revoked = at
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// errUnchanged ends a change that has nothing to write.
var errUnchanged = errors.New("store: nothing to change")

// apiKeyItem is a version of a key. The table forgets it after its end.
func apiKeyItem(k auth.Key, version int64) table.Item {
	item := table.Item{Key: apiKeyKey(k.Client, k.ID), Version: version, Owner: k.Client, Body: encodeAPIKey(k)}
	for _, end := range []time.Time{k.Expires, k.Revoked} {
		if forget := end.Add(auth.KeyRetention); !end.IsZero() && (item.Expires.IsZero() || forget.Before(item.Expires)) {
			item.Expires = forget
		}
	}
	return item
}

func encodeAPIKey(k auth.Key) []byte {
	return mustEncode(apiKeyRecord{
		ID: k.ID, Client: k.Client, API: k.API, Hash: k.Hash[:], Scopes: (*[]string)(optionalScopes(k.Scopes)),
		Name: k.Name, Expires: k.Expires, Revoked: k.Revoked, Created: k.Created.UTC(),
		Owner: k.Owner, RequestedScopes: k.RequestedScopes, CreatedBy: k.CreatedBy,
	})
}

func decodeAPIKey(body []byte) (auth.Key, error) {
	var r apiKeyRecord
	if err := json.Unmarshal(body, &r); err != nil {
		return auth.Key{}, fmt.Errorf("store: damaged key record")
	}
	k := auth.Key{
		ID: r.ID, Client: r.Client, API: r.API, Hash: decodeHash(r.Hash),
		Name: r.Name, Expires: r.Expires, Revoked: r.Revoked, Created: r.Created,
		Owner: r.Owner, RequestedScopes: r.RequestedScopes, CreatedBy: r.CreatedBy,
	}
	if r.Scopes != nil {
		k.Scopes = append(auth.Scopes{}, *r.Scopes...)
	}
	return k, nil
}

func optionalScopes(s auth.Scopes) *auth.Scopes {
	if s == nil {
		return nil
	}
	return &s
}

// decodeHash reads a stored hash. One of another length is damaged and becomes the
// zero hash, which nothing equals.
func decodeHash(stored []byte) (h auth.Hash) {
	if len(stored) == len(h) {
		copy(h[:], stored)
	}
	return h
}
