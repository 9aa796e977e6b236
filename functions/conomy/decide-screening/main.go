// Command decide-screening serves POST /identities/{id}/screening of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("decide-screening") }
