package gateway

import (
	"strconv"
	"time"

	"cedula/shared/auth"
)

// The fields of the authorizer's context, which API Gateway passes to a function as strings.
const (
	contextTenant     = "tenant"
	contextClient     = "client"
	contextKey        = "key" // the id of the API key
	contextScopes     = "scopes"
	contextMode       = "mode"    // strict or lenient
	contextExpires    = "expires" // Unix seconds; 0 for a credential without end
	contextStage      = "stage"   // live or test
	contextOnboarding = "steps"   // of the client's policy
	contextPendingTTL = "life"    // likewise, seconds

	modeStrict, modeLenient = "strict", "lenient"
	stageLive, stageTest    = "live", "test"
)

func callerContext(c auth.Caller) map[string]any {
	expires := int64(0)
	if !c.Expires.IsZero() {
		expires = c.Expires.Unix()
	}
	mode := modeLenient
	if c.Strict {
		mode = modeStrict
	}
	stage := stageLive
	if c.TestMode {
		stage = stageTest
	}
	return map[string]any{
		contextStage:      stage,
		contextOnboarding: c.Policy.Onboarding,
		contextPendingTTL: strconv.FormatInt(int64(c.Policy.PendingTTL/time.Second), 10),
		contextMode:       mode,
		contextTenant:     c.Tenant,
		contextClient:     c.Client,
		contextKey:        c.Key,
		contextScopes:     c.Scopes.String(),
		contextExpires:    strconv.FormatInt(expires, 10),
	}
}

// callerFrom reads the context. It returns ErrNoCaller if a field is missing or invalid, and auth.ErrExpired if API
// Gateway cached it beyond the caller's expiry.
func callerFrom(values map[string]any, now time.Time) (auth.Caller, error) {
	text := func(name string) string {
		s, _ := values[name].(string)
		return s
	}
	seconds, err := strconv.ParseInt(text(contextExpires), 10, 64)
	life, _ := strconv.ParseInt(text(contextPendingTTL), 10, 64)
	c := auth.Caller{
		Tenant: text(contextTenant),
		Client: text(contextClient),
		Key:    text(contextKey),
		Scopes: auth.ParseScopes(text(contextScopes)),
		Strict: text(contextMode) == modeStrict,
		// A client is live unless it is known to be a test client.
		TestMode: text(contextStage) == stageTest,
		Policy:   auth.Policy{Onboarding: text(contextOnboarding), PendingTTL: time.Duration(life) * time.Second},
	}
	if err != nil || seconds < 0 || c.Tenant == "" || c.Client == "" {
		return auth.Caller{}, ErrNoCaller
	}
	if seconds > 0 {
		c.Expires = time.Unix(seconds, 0)
		if !now.Before(c.Expires) {
			return auth.Caller{}, auth.ErrExpired
		}
	}
	return c, nil
}
