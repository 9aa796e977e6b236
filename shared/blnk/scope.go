package blnk

import (
	"fmt"
	"slices"
	"strings"

	"cedula/shared/auth"
)

// abilities are Blnk's scopes that this registry knows, "resource:action", and
// what each of them is here. Merging into an identity's metadata is part of
// identities:write. A key cannot be given what is not in this list: not "*"
// itself, nor client:admin, whoever makes it.
var abilities = []struct {
	resource, action string
	scopes           auth.Scopes
}{
	{"identities", "read", auth.Scopes{auth.ScopeIdentityRead}},
	{"identities", "write", auth.Scopes{auth.ScopeIdentityWrite}},
	{"identities", "delete", auth.Scopes{auth.ScopeIdentityDelete}},
	{"identities", "detokenize", auth.Scopes{auth.ScopeIdentityDetokenize}},
	{"api-keys", "read", auth.Scopes{auth.ScopeKeyRead}},
	{"api-keys", "write", auth.Scopes{auth.ScopeKeyWrite}},
	{"api-keys", "delete", auth.Scopes{auth.ScopeKeyDelete}},
}

const anything = "*" // on either side of a scope

// mistaken are resources that somebody writes who means one of abilities, and
// which one: some stand in the registry's own scopes, which an operator knows. An
// empty one can be meant by nobody. Blnk has no resource of these names.
var mistaken = map[string]string{
	"identity": "identities",
	"key":      "api-keys", "keys": "api-keys", "api-key": "api-keys", "api_key": "api-keys", "api_keys": "api-keys",
	"apikey": "api-keys", "apikeys": "api-keys",
	"client": "", "clients": "",
}

// scopesOf translates what a request asks for. A "*" stands for every resource
// or action of abilities. The scopes of Blnk's other resources, such as
// ledgers:read, are well-formed and grant nothing. For any other text it
// returns an *auth.InvalidKey that names the entry: Blnk keeps such a scope,
// and its client finds out when a call is refused.
func scopesOf(sent []string) (auth.Scopes, error) {
	scopes := make(auth.Scopes, 0, len(sent))
	for i, text := range sent {
		found, reason := scopeOf(text)
		if reason != "" {
			return nil, &auth.InvalidKey{Field: fmt.Sprintf("scopes.%d", i), Reason: reason}
		}
		scopes = append(scopes, found...)
	}
	return scopes, nil
}

// scopeOf returns what one text grants, or what it must be.
func scopeOf(text string) (scopes auth.Scopes, reason string) {
	resource, action, _ := strings.Cut(text, ":")
	if !validSide(resource) || !validSide(action) {
		return nil, "must be a resource and an action in lower case, such as identities:read"
	}
	meant, isMistaken := mistaken[resource]
	if !isMistaken {
		meant = resource
	}
	found, ok := able(meant, action)
	switch {
	case meant == "":
		return nil, "must be of identities or api-keys: a key cannot be given " + resource
	case !ok:
		return nil, "must name an action of " + meant + ": " + actionsOf(meant)
	case isMistaken:
		return nil, "must be " + meant + ":" + action + ": " + resource + " is no resource of this API"
	}
	return found, ""
}

// able returns what a well-formed scope grants; false if its resource is known
// and its action is none of that resource's.
func able(resource, action string) (scopes auth.Scopes, ok bool) {
	known := false
	for _, a := range abilities {
		known = known || a.resource == resource
		if covers(resource, a.resource) && covers(action, a.action) {
			scopes = append(scopes, a.scopes...)
		}
	}
	return scopes, !known || len(scopes) > 0
}

func covers(sent, side string) bool { return sent == side || sent == anything }

// actionsOf lists the actions of a known resource, for people.
func actionsOf(resource string) string {
	var names []string
	for _, a := range abilities {
		if a.resource == resource {
			names = append(names, a.action)
		}
	}
	return strings.Join(names, ", ") + " or " + anything
}

// validSide takes "*" and words of lower-case letters, digits, "-" and "_".
func validSide(s string) bool {
	if s == anything {
		return true
	}
	foreign := func(b byte) bool { return (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' && b != '_' }
	return s != "" && !slices.ContainsFunc([]byte(s), foreign)
}
