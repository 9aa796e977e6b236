package conomy

import (
	"cmp"

	"cedula/shared/gateway"
)

// The header by which a client chooses a version of the API, and its values.
// No difference between the two is documented for identities, nor is there one.
const (
	versionHeader  = "Conomyhq-Api-Version"
	versionDefault = "v1" // what no header and an empty one mean
	versionCurrent = "24-04-2025"
)

// withAPIVersion refuses an unknown version and answers the chosen one.
func withAPIVersion(serve func(*gateway.Request) (gateway.Response, error)) func(*gateway.Request) (gateway.Response, error) {
	return func(r *gateway.Request) (gateway.Response, error) {
		chosen := cmp.Or(r.Header.Get(versionHeader), versionDefault)
		if chosen != versionDefault && chosen != versionCurrent {
			return gateway.Response{}, invalidField("conomyhq-api-version", "must be 24-04-2025, or absent")
		}
		answer, err := serve(r)
		if err == nil {
			answer = answer.WithHeader(versionHeader, chosen)
		}
		return answer, err
	}
}
