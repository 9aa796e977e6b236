// Command remove-fee serves DELETE /identities/{id}/fees/{ruleId} in Conomy's dialect.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{}, "remove-fee")
}
