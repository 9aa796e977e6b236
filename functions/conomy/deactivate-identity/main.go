// Command deactivate-identity serves PATCH /identities/{id}/deactivate of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("deactivate-identity") }
