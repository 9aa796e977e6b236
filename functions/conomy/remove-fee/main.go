// Command remove-fee serves DELETE /identities/{id}/fees/{ruleId} of the Conomy API.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&conomy.API{}, "remove-fee") }
