package blnk

import (
	"cmp"
	"fmt"
	"strings"

	"cedula/shared/auth"
)

// scopeTable maps Blnk's scopes, "resource:action", to the registry's. A key created through this API can have no others:
// neither "*" nor client:admin. Merging into metadata is part of identities:write.
var scopeTable = []struct {
	resource, action string
	scope            string
}{
	{"identities", "read", auth.ScopeIdentityRead},
	{"identities", "write", auth.ScopeIdentityWrite},
	{"identities", "delete", auth.ScopeIdentityDelete},
	{"identities", "detokenize", auth.ScopeIdentityDetokenize},
	{"api-keys", "read", auth.ScopeKeyRead},
	{"api-keys", "write", auth.ScopeKeyWrite},
	{"api-keys", "delete", auth.ScopeKeyDelete},
}

const wildcard = "*" // on either side of a scope

// scopeTypos maps names that Blnk does not have, such as those in the registry's own scopes, to the resource that the
// client means; "" if a key cannot have it.
var scopeTypos = map[string]string{
	"identity": "identities",
	"key":      "api-keys", "keys": "api-keys", "api-key": "api-keys", "api_key": "api-keys", "api_keys": "api-keys",
	"apikey": "api-keys", "apikeys": "api-keys",
	"client": "", "clients": "",
}

// parseScopes translates the scopes of a request. "*" means every resource or action of scopeTable. Scopes of Blnk's
// other resources, such as ledgers:read, are valid and grant nothing. An invalid scope is an *auth.InvalidKeyError.
func parseScopes(sent []string) (auth.Scopes, error) {
	scopes := make(auth.Scopes, 0, len(sent))
	for i, text := range sent {
		found, reason := parseScope(text)
		if reason != "" {
			return nil, &auth.InvalidKeyError{Field: fmt.Sprintf("scopes.%d", i), Reason: reason}
		}
		scopes = append(scopes, found...)
	}
	return scopes, nil
}

// parseScope returns what a scope grants, or the reason why it is invalid.
func parseScope(text string) (scopes auth.Scopes, reason string) {
	resource, action, _ := strings.Cut(text, ":")
	if !isScopePart(resource) || !isScopePart(action) {
		return nil, "must be a resource and an action in lower case, such as identities:read"
	}
	meant, isMistaken := scopeTypos[resource]
	if isMistaken && meant == "" {
		return nil, "must be of identities or api-keys: a key cannot be given " + resource
	}
	meant = cmp.Or(meant, resource)
	found, ok := grantedScopes(meant, action)
	if !ok {
		return nil, "must name an action of " + meant + ": " + actionNames(meant)
	}
	if isMistaken {
		return nil, "must be " + meant + ":" + action + ": " + resource + " is no resource of this API"
	}
	return found, ""
}

// grantedScopes returns what a well-formed scope grants; false if its resource is known but does not have its action.
func grantedScopes(resource, action string) (scopes auth.Scopes, ok bool) {
	known := false
	for _, a := range scopeTable {
		known = known || a.resource == resource
		if scopePartMatches(resource, a.resource) && scopePartMatches(action, a.action) {
			scopes = append(scopes, a.scope)
		}
	}
	return scopes, !known || len(scopes) > 0
}

func scopePartMatches(sent, side string) bool { return sent == side || sent == wildcard }

func actionNames(resource string) string {
	var names []string
	for _, a := range scopeTable {
		if a.resource == resource {
			names = append(names, a.action)
		}
	}
	return strings.Join(names, ", ") + " or " + wildcard
}

// isScopePart accepts "*" and words of lower-case letters, digits, "-" and "_".
func isScopePart(s string) bool {
	return s == wildcard || s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
