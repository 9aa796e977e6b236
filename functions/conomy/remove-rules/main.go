// Command remove-rules serves DELETE /identities/{id}/rules of the Conomy API.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&conomy.API{}, "remove-rules") }
