"""The bus: typed messages over MQTT, clocks compared and claims held on it, and brokers to run it.

Parts of the house meet here only through a `Bus` and the channels of the contract; which client
library and which broker stand behind it is nobody else's business.
"""
