"""Elastic Load Balancing: moto keeps what the API is told, and the files here make it true. Targets are really
asked for their health, an Envoy obeys the rules, and its counters become the metrics of AWS/ApplicationELB."""
