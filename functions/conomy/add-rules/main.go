// Command add-rules serves POST /identities/{id}/rules of the Conomy API.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&conomy.API{}, "add-rules") }
