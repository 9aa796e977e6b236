// Command release-identity serves DELETE /identities/{id}/hold of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("release-identity") }
