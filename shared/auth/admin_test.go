package auth_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
)

func TestCredentialsOfNewClientAreAccepted(t *testing.T) {
	w := newFixture(t)
	params := auth.ClientParams{
		Name: "Ñandú S.A.", Scopes: auth.Scopes{"identity:write", "identity:read", "identity:read"}, Strict: true, TestMode: true,
		Limits: auth.Limits{Rate: 5, Burst: 10, Quota: 1000}, Policy: auth.Policy{PendingTTL: time.Hour},
	}
	made, shown, err := w.CreateClient(ctx, params)
	wantError(t, err, nil)
	if len(shown.ClientID) != 16 || len(shown.ClientSecret) != 64 || made.UsagePlanKey == "" || made.UsagePlanKey == w.client.UsagePlanKey {
		t.Errorf("client = %+v, want an id of 16 characters, a secret of 64 and a usage plan key of its own", made)
	}
	wantEqual(t, made, auth.Client{
		ID: shown.ClientID, Tenant: shown.ClientID, Name: params.Name, Scopes: auth.Scopes{"identity:read", "identity:write"}, Strict: true, TestMode: true,
		Limits: params.Limits, Policy: params.Policy, Secrets: []auth.Secret{{Hash: w.hasher.Hash(shown.ClientSecret)}},
		UsagePlanKey: made.UsagePlanKey, Created: w.now,
	})

	client, err := w.authenticator.Login(ctx, conomyAPI, shown.Keys["conomy"], shown.ClientID, shown.ClientSecret)
	wantError(t, err, nil)
	wantEqual(t, client, made)
	token, _, err := w.issuer.Issue(ctx, client)
	wantError(t, err, nil)
	wantError(t, w.authenticateBearer(token, shown.Keys["conomy"]), nil)
	wantError(t, w.authenticateKey(shown.Keys["blnk"]), nil)
}

func TestInvalidClientParamsAreRejected(t *testing.T) {
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
		"scope with DEL":              {Scopes: auth.Scopes{"a\x7f"}},
		"scope with a quotation mark": {Scopes: auth.Scopes{`a"b`}},
		"name of nothing":             {},
		"name of blanks":              {Name: "  "},
		"name of fillers":             {Name: "\u3164"},
		"rate not a number":           {Limits: rate(math.NaN())},
		"rate infinite":               {Limits: rate(math.Inf(1))},
		"rate below zero":             {Limits: rate(-1)},
		"rate below the least":        {Limits: rate(0.0009)},
		"rate beyond the gateway's":   {Limits: rate(1 << 31)},
		"rate without a burst":        {Limits: auth.Limits{Rate: 1}},
		"burst without a rate":        {Limits: auth.Limits{Burst: 1}},
		"burst below zero":            {Limits: auth.Limits{Rate: 1, Burst: -1}},
		"burst beyond the gateway's":  {Limits: auth.Limits{Rate: 1, Burst: 1 << 31}},
		"quota below zero":            {Limits: auth.Limits{Quota: -1}},
		"quota beyond the gateway's":  {Limits: auth.Limits{Quota: 1 << 31}},
	} {
		field, _, _ := strings.Cut(strings.TrimPrefix(fact, "empty "), " ")
		if field != "name" {
			n.Name = "app"
		}
		var invalid *auth.InvalidClientError
		if err := n.Validate(); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: Validate = %v, want an InvalidClientError about %s", fact, err, field)
		}
	}
}

func TestClientParamsAtTheirLimitsAreValid(t *testing.T) {
	for fact, n := range map[string]auth.ClientParams{
		"least":   {Tenant: "a", Name: "a", Scopes: auth.Scopes{"!"}, Limits: auth.Limits{Rate: 0.001, Burst: 1, Quota: 1}},
		"longest": {Tenant: strings.Repeat("a", 64), Name: strings.Repeat("a", 128), Limits: auth.Limits{Rate: math.MaxInt32, Burst: math.MaxInt32, Quota: math.MaxInt32}},
		"charset": {Tenant: "azAZ09._-", Name: "a b", Scopes: auth.Scopes{"#[]~"}},
	} {
		if err := n.Validate(); err != nil {
			t.Errorf("%s: Validate = %v, want nil", fact, err)
		}
	}
}

func TestFailedCreationShowsNoCredentials(t *testing.T) {
	w := newFixture(t)
	w.store.err = auth.ErrAlreadyExists
	_, invalid, invalidErr := w.CreateClient(ctx, auth.ClientParams{})
	_, taken, takenErr := w.CreateClient(ctx, auth.ClientParams{Name: "app"})
	if invalidErr == nil || !errors.Is(takenErr, auth.ErrAlreadyExists) {
		t.Errorf("errors = %v and %v, want an InvalidClientError and %v", invalidErr, takenErr, auth.ErrAlreadyExists)
	}
	if invalid.ClientID != "" || taken.ClientID != "" {
		t.Error("credentials are returned with an error")
	}
}

func TestGeneratedCredentialsAreUnique(t *testing.T) {
	w := newFixture(t)
	seen := map[string]bool{}
	for range 200 {
		_, c := w.createClient(t, "")
		for _, s := range []string{c.ClientID, c.ClientSecret, c.Keys["conomy"][29:61], c.Keys["blnk"][29:61], c.Keys["conomy"][20:28] + c.Keys["blnk"][20:28]} {
			if seen[s] {
				t.Fatal("a generated text was repeated")
			}
			seen[s] = true
		}
	}
}

func TestClientsAreStored(t *testing.T) {
	w := newRealFixture(t)
	w.now = w.now.Add(time.Hour)
	second, _, err := w.CreateClient(ctx, auth.ClientParams{Name: "second", Scopes: auth.Scopes{"*"}, Strict: true, TestMode: true, Limits: auth.Limits{Rate: 5, Burst: 10, Quota: 1000}})
	wantError(t, err, nil)
	all, err := w.Clients(ctx)
	wantError(t, err, nil)
	wantEqual(t, all, []auth.Client{w.client, second})
	got, err := w.Client(ctx, second.ID)
	wantError(t, err, nil)
	wantEqual(t, got, second)
}

func TestSuspensionDeniesUntilItEnds(t *testing.T) {
	w := newUncachedFixture(t)
	for _, want := range []error{auth.ErrSuspended, nil} {
		c, err := w.SetSuspended(ctx, w.client.ID, want != nil)
		if err != nil || c.Suspended != (want != nil) {
			t.Errorf("SetSuspended: Suspended = %v, error = %v, want %v", c.Suspended, err, want != nil)
		}
		wantError(t, w.authenticateKey(w.blnkKey), want)
	}
}

func TestMalformedClientIDIsNotFound(t *testing.T) {
	var admin auth.Admin // without a store: none is called
	for _, id := range []string{"", "UPPER", "short", "a client", "0123456789abcdefg"} {
		_, clientErr := admin.Client(ctx, id)
		_, updateErr := admin.UpdateClient(ctx, id, nil)
		_, _, keysErr := admin.Keys(ctx, id)
		_, _, createErr := admin.CreateKey(ctx, id, auth.KeyParams{})
		for _, err := range []error{clientErr, updateErr, keysErr, createErr} {
			wantError(t, err, auth.ErrNotFound)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"auth: too many failed logins":                   &auth.Throttled{RetryAfter: time.Minute},
		"auth: an earlier rotation promised a later end": &auth.RotationConflict{Until: time.Unix(1, 0)},
		"auth: client: name must not be blank":           &auth.InvalidClientError{Field: "name", Reason: "must not be blank"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
}
