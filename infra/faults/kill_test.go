package faults_test

const victimSocket = "CEDULA_TEST_VICTIM"

func beVictim(string) {}
