"""What a camera's frames come from: webcams, network cameras, video files, folders of pictures.

Live ones hand out their newest frame, recorded ones every frame (`FrameSource` says why).
"""
