// Command add-rules serves POST /identities/{id}/rules in Conomy's dialect.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{}, "add-rules")
}
