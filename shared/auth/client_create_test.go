package auth_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
)

func TestCreateClientEndToEnd(t *testing.T) {
	w := newFixture(t)
	n := auth.ClientParams{Name: "Ñandú S.A.", Scopes: auth.Scopes{"identity:write", "identity:read", "identity:read"}}
	made, shown, err := w.admin.CreateClient(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	if made.Tenant != made.ID || made.ID != shown.ClientID || len(made.ID) != 16 || len(shown.ClientSecret) != 64 {
		t.Error("ids and lengths are not as promised")
	}
	client, err := w.authenticator.Login(ctx, conomyAPI, shown.Keys["conomy"], shown.ClientID, shown.ClientSecret)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, client); diff != "" {
		t.Errorf("diff = %v, want %v", diff, "")
	}
	token, _, err := w.issuer.Issue(ctx, client)
	if err != nil {
		t.Fatal(err)
	}
	bearer, err1 := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, shown.Keys["conomy"])
	key, err2 := w.authenticator.AuthenticateKey(ctx, blnkAPI, shown.Keys["blnk"])
	if err1 != nil || err2 != nil || bearer.Tenant != made.ID || key.Tenant != made.ID {
		t.Errorf("err1 = %v, err2 = %v; want err1 == nil and err2 == nil and bearer.Tenant == made.ID and key.Tenant == made.ID", err1, err2)
	}
	if bearer.Scopes.String() != "identity:read identity:write" {
		t.Errorf(`scopes %q; want bearer.Scopes.String() == "identity:read identity:write"`, bearer.Scopes)
	}
}

func TestCreateClientRejectsInvalidParams(t *testing.T) {
	rate := func(r float64) auth.Limits { return auth.Limits{Rate: r, Burst: 1} }
	for fact, n := range map[string]auth.ClientParams{
		"tenant with a separator":     {Tenant: "a#b"},
		"tenant with a space":         {Tenant: "a b"},
		"tenant beyond ASCII":         {Tenant: "ñ"},
		"tenant of 65 characters":     {Tenant: strings.Repeat("a", 65)},
		"name with a line feed":       {Name: "a\nb"},
		"name with a bidi control":    {Name: "a\u202eb"},
		"name not UTF-8":              {Name: "\xff"},
		"name of 129 bytes":           {Name: strings.Repeat("a", 129)},
		"empty scope":                 {Scopes: auth.Scopes{""}},
		"scope with a space":          {Scopes: auth.Scopes{"a b"}},
		"scope with a quotation mark": {Scopes: auth.Scopes{`a"b`}},
		"name of nothing":             {},
		"name of blanks":              {Name: "  "},
		"rate that is no number":      {Limits: rate(math.NaN())},
		"rate without end":            {Limits: rate(math.Inf(1))},
		"rate below zero":             {Limits: rate(-1)},
		"rate of hardly ever":         {Limits: rate(0.0009)},
		"rate beyond the gateway's":   {Limits: rate(1 << 31)},
		"rate without a burst":        {Limits: auth.Limits{Rate: 1}},
		"burst without a rate":        {Limits: auth.Limits{Burst: 1}},
		"burst below zero":            {Limits: auth.Limits{Rate: 1, Burst: -1}},
		"burst beyond the gateway's":  {Limits: auth.Limits{Rate: 1, Burst: 1 << 31}},
		"quota below zero":            {Limits: auth.Limits{Quota: -1}},
		"quota beyond the gateway's":  {Limits: auth.Limits{Quota: 1 << 31}},
	} {
		w := newFixture(t)
		field, _, _ := strings.Cut(strings.TrimPrefix(fact, "empty "), " ")
		if field != "name" {
			n.Name = "app"
		}
		_, shown, err := w.admin.CreateClient(ctx, n)
		var invalid *auth.InvalidClientError
		if !errors.As(err, &invalid) || invalid.Field != field || shown.ClientID != "" || len(w.store.clients) != 1 {
			t.Errorf(`%s: %v; want a *auth.InvalidClientError and invalid.Field == field and shown.ClientID == "" and len(w.store.clients) == 1`, fact, err)
		}
	}
	w := newFixture(t)
	w.store.fail = auth.ErrAlreadyExists
	if _, shown, err := w.admin.CreateClient(ctx, auth.ClientParams{Name: "app"}); !errors.Is(err, auth.ErrAlreadyExists) || shown.ClientID != "" {
		t.Errorf(`err = %v; want auth.ErrAlreadyExists and shown.ClientID == ""`, err)
	}
}

func TestGeneratedCredentialsAreUnique(t *testing.T) {
	w := newFixture(t)
	seen := map[string]bool{}
	for range 200 {
		_, c := w.createClient(t, "")
		for _, s := range []string{c.ClientID, c.ClientSecret, c.Keys["conomy"][29:61], c.Keys["blnk"][29:61], c.Keys["conomy"][20:28] + c.Keys["blnk"][20:28]} {
			if seen[s] {
				t.Fatal("made twice")
			}
			seen[s] = true
		}
	}
}
