// Command start-verification serves POST /identities/{id}/verifications of the Conomy API.
package main

import (
	"cedula/shared/boot/conomy"
	"cedula/shared/boot/tokenization"
)

func main() { conomy.StartOn(tokenization.NewRegistry, "start-verification") }
