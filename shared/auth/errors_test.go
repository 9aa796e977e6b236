package auth_test

import (
	"errors"
	"testing"
	"time"

	"cedula/shared/auth"
)

func TestErrorTexts(t *testing.T) {
	tests := map[string]error{
		"auth: too many failed logins":                   &auth.Throttled{RetryAfter: time.Minute},
		"auth: an earlier rotation promised a later end": &auth.RotationConflict{Until: time.Unix(1, 0)},
		"auth: client: name must not be blank":           &auth.InvalidClientError{Field: "name", Reason: "must not be blank"},
	}
	for want, err := range tests {
		if got := err.Error(); got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
}

// TestMalformedClientIDIsNotFound uses no store: none is asked.
func TestMalformedClientIDIsNotFound(t *testing.T) {
	var admin auth.Admin
	for _, id := range []string{"", "UPPER", "short", "a client"} {
		_, updateErr := admin.UpdateClient(t.Context(), id, nil)
		_, _, keysErr := admin.Keys(t.Context(), id)
		_, _, createErr := admin.CreateKey(t.Context(), id, auth.KeyParams{})
		for operation, err := range map[string]error{"UpdateClient": updateErr, "Keys": keysErr, "CreateKey": createErr} {
			if !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("%s of %q = %v, want %v", operation, id, err, auth.ErrNotFound)
			}
		}
	}
}

func TestIssuerIsTrustedOnce(t *testing.T) {
	v := auth.NewVerifier("https://own.example", "api", nil)
	if err := v.AddIssuer(auth.TrustedIssuer{Issuer: "https://own.example"}); err == nil {
		t.Error("AddIssuer of the own issuer = nil, want an error")
	}
}
