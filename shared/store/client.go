package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"cedula/shared/auth"
	"cedula/shared/table"
)

// clientRecord is a client as its item's body.
type clientRecord struct {
	ID           string         `json:"id"`
	Tenant       string         `json:"t"`
	Name         string         `json:"n,omitzero"`
	Scopes       []string       `json:"s,omitempty"`
	Suspended    bool           `json:"off,omitzero"`
	Strict       bool           `json:"strict,omitzero"`
	Secrets      []secretRecord `json:"sec,omitempty"`
	UsagePlanKey string         `json:"up,omitzero"`
	Live         bool           `json:"prod,omitzero"`
	Rate         float64        `json:"rate,omitzero"`
	Burst        int            `json:"burst,omitzero"`
	Quota        int            `json:"quota,omitzero"`
	Created      time.Time      `json:"c"`
	Onboarding   string         `json:"steps,omitzero"`
	PendingTTL   int64          `json:"life,omitzero"` // seconds
}

type secretRecord struct {
	Hash    []byte    `json:"h"`
	Expires time.Time `json:"x,omitzero"`
}

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

// CreateClient writes a client and its keys, all or nothing.
func (s *Store) CreateClient(ctx context.Context, c auth.Client, apiKeys ...auth.Key) error {
	ops := []table.Op{table.Put(clientItem(c, 1), table.Absent())}
	for _, k := range apiKeys {
		ops = append(ops, table.Put(apiKeyItem(k, 1), table.Absent()))
	}
	_, err := s.table.Write(ctx, ops...)
	var failed *table.ConditionError
	if errors.As(err, &failed) {
		return auth.ErrAlreadyExists
	}
	return wrapAuthErr("create client", err)
}

// Credentials reads a client and one of its keys in one call.
func (s *Store) Credentials(ctx context.Context, client, keyID string) (auth.Client, auth.Key, error) {
	found, err := s.table.Get(ctx, true, clientKey(client), apiKeyKey(client, keyID))
	if err != nil {
		return auth.Client{}, auth.Key{}, wrapAuthErr("read credentials", err)
	}
	return decodeCredentials(found.Items)
}

// decodeCredentials reads the items of a client and a key, which stand first.
func decodeCredentials(items []table.Item) (auth.Client, auth.Key, error) {
	if len(items) < 2 || items[0].SK != itemSK || !strings.HasPrefix(items[0].PK, prefixClient) ||
		!strings.HasPrefix(items[1].SK, prefixAPIKey) {
		return auth.Client{}, auth.Key{}, auth.ErrNotFound
	}
	c, err := decodeClient(items[0].Body)
	if err != nil {
		return auth.Client{}, auth.Key{}, err
	}
	k, err := decodeAPIKey(items[1].Body)
	return c, k, err
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

// Keys reads a client, which stands before its keys, and all of these.
func (s *Store) Keys(ctx context.Context, client string) (c auth.Client, list []auth.Key, err error) {
	q := table.Query{PK: clientKey(client).PK, Strong: true}
	err = s.eachPage(ctx, q, func(items []table.Item) (err error) {
		for n := range items {
			item := &items[n]
			if item.SK == itemSK {
				c, err = decodeClient(item.Body)
			} else {
				var k auth.Key
				k, err = decodeAPIKey(item.Body)
				list = append(list, k)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return auth.Client{}, nil, wrapAuthErr("read keys", err)
	}
	if c.ID == "" {
		return auth.Client{}, nil, auth.ErrNotFound
	}
	return c, list, nil
}

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

func encodeClient(c auth.Client) []byte {
	r := clientRecord{
		ID: c.ID, Tenant: c.Tenant, Name: c.Name, Scopes: c.Scopes, Suspended: c.Suspended, Strict: c.Strict,
		UsagePlanKey: c.UsagePlanKey, Live: !c.TestMode,
		Rate: c.Limits.Rate, Burst: c.Limits.Burst, Quota: c.Limits.Quota, Created: c.Created.UTC(),
		Onboarding: c.Policy.Onboarding, PendingTTL: int64(c.Policy.PendingTTL / time.Second),
	}
	for _, secret := range c.Secrets {
		r.Secrets = append(r.Secrets, secretRecord{secret.Hash[:], secret.Expires})
	}
	return mustEncode(r)
}

func decodeClient(body []byte) (auth.Client, error) {
	var r clientRecord
	if err := json.Unmarshal(body, &r); err != nil {
		return auth.Client{}, fmt.Errorf("store: damaged client record")
	}
	c := auth.Client{
		ID: r.ID, Tenant: r.Tenant, Name: r.Name, Scopes: r.Scopes, Suspended: r.Suspended, Strict: r.Strict,
		UsagePlanKey: r.UsagePlanKey, TestMode: !r.Live,
		Limits: auth.Limits{Rate: r.Rate, Burst: r.Burst, Quota: r.Quota}, Created: r.Created,
		Policy: auth.Policy{Onboarding: r.Onboarding, PendingTTL: time.Duration(r.PendingTTL) * time.Second},
	}
	for _, secret := range r.Secrets {
		c.Secrets = append(c.Secrets, auth.Secret{Hash: decodeHash(secret.Hash), Expires: secret.Expires})
	}
	return c, nil
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
